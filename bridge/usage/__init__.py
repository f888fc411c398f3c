"""What was asked for, counted by key, account, model and kind."""
