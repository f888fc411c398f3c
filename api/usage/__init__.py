"""`/v1/chatgpt/usage`."""
