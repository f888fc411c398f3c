"""`/v1/chatgpt/limits`."""
