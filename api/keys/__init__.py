"""`/v1/chatgpt/keys`."""
