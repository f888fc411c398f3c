"""Chats on their way to clients, whatever route they came by: run, joined by others, kept, counted, named."""
