"""`/v1/chatgpt/vision`."""
