"""Pictures drawn from a prompt."""

from provider.simulator.painting.picture import Picture, frame_size, paint

__all__ = ["Picture", "frame_size", "paint"]
