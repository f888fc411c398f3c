"""Chat: an OpenAI-shaped request becomes a turn, and the turn an answer."""
