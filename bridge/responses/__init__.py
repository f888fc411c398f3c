"""Responses and conversations that are kept for their clients; every word of them is encrypted at rest."""
