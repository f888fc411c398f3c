"""`chatgpt-api admin account`."""
