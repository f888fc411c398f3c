"""`/openapi.json`: every route, what it takes, and everything that it can answer."""
