"""ChatGPT Web: replays one person's own browser session, as docs/protocol.md describes it."""
