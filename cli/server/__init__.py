"""`chatgpt-api server`: the HTTP API."""
