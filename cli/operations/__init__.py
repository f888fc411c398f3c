"""`chatgpt-api operations`: long work, watched and steered."""
