"""Temporal's remote codec: what lets an operator read histories in Temporal's UI and CLI."""
