"""The bridge without its doors: what is decided and what is remembered; the only SQL and the only keys."""
