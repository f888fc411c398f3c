"""The HTTP door: routes a folder each, errors, the key, and what starts and ends a server."""
