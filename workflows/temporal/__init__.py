"""The way to Temporal's server, and the only place that knows its SDK's client and worker."""
