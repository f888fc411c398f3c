"""What happens to every request: plain ASGI, so that a client's leaving is seen."""
