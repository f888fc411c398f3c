"""`chatgpt-api secrets`: the key that captures are encrypted with."""
