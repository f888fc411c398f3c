"""`/v1/chatgpt/route`: where a request would go."""
