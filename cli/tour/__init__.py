"""What `make demo` shows, a module a kind of work. It calls the HTTP API as any client does."""
