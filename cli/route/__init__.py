"""The group `route`."""
