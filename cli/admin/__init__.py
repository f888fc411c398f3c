"""`chatgpt-api admin`: the running server's administration."""
