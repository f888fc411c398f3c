"""`/health`."""
