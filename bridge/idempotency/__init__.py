"""The same request twice is one operation: digests of requests, and the keys that stand for them."""
