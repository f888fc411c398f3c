"""The state machines of long work: one module a kind. The way to Temporal's server is in `workflows.temporal`."""
