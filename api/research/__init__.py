"""`/v1/chatgpt/research`, and chats that ask for a research."""
