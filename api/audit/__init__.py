"""`/v1/chatgpt/audit`."""
