"""What the bridge needs of whoever answers; every provider implements `Provider` and `Session`."""
