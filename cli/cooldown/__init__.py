"""The group `account cooldown`."""
