"""`/v1/chatgpt/cooldowns`."""
