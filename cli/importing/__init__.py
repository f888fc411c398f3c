"""`chatgpt-api import`."""
