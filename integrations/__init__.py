"""What reaches the bridge by HTTP, from outside of it."""
