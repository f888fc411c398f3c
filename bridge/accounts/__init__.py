"""What is known of each account, and who holds which of its slots."""
