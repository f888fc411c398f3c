"""`chatgpt-api api`: calls of a running bridge."""
