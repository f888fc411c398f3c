"""`chatgpt-api doctor`: each check says what to do."""
