"""`chatgpt-api keys`."""
