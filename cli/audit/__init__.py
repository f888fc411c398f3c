"""`chatgpt-api audit`."""
