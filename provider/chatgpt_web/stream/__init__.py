"""Bytes of a turn in, events out: no socket, no clock, no file. `reader.TurnReader` puts the pieces together."""
