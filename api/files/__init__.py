"""`/v1/chatgpt/files`."""
