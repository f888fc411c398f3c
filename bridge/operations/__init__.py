"""Long work as it is remembered: admission, rows, the event log, the submission journal."""
