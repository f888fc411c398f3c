"""`chatgpt-api admin settings`, `set-limits` and `reset-settings`."""
