"""`/v1/chatgpt/accounts`."""
