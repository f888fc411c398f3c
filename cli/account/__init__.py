"""`chatgpt-api account`."""
