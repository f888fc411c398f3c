"""Who should answer, and how to hold an account while it does."""
