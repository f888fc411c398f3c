"""`/v1/chatgpt/operations`."""
