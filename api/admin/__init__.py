"""`/v1/chatgpt/admin`: the operator's routes."""
