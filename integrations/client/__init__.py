"""Our own HTTP API as typed calls."""

from integrations.client.client import BridgeClient
from integrations.client.errors import ClientError
from integrations.client.streams import ChatStream

__all__ = ["BridgeClient", "ChatStream", "ClientError"]
