"""Every id the bridge makes."""

from __future__ import annotations

import hashlib
import secrets
import uuid


def operation_id() -> str:
    """`chatgptop_` and 32 hex digits."""
    return f"chatgptop_{secrets.token_hex(16)}"


def completion_id() -> str:
    """`chatcmpl_` and 32 hex digits."""
    return f"chatcmpl_{secrets.token_hex(16)}"


def response_id() -> str:
    """`resp_` and 32 hex digits."""
    return f"resp_{secrets.token_hex(16)}"


def conversation_id() -> str:
    """`conv_` and 32 hex digits: a conversation of a client's, not upstream's."""
    return f"conv_{secrets.token_hex(16)}"


def call_id() -> str:
    """Names one call of a tool: `call_` and 24 hex digits."""
    return f"call_{secrets.token_hex(12)}"


def request_id() -> str:
    """`req_` and 32 hex digits."""
    return f"req_{secrets.token_hex(16)}"


def process_id() -> str:
    """Names one run of one process."""
    return f"proc_{secrets.token_hex(8)}"


def lease_id() -> str:
    """Names one lease."""
    return f"lease_{secrets.token_hex(12)}"


def key_id() -> str:
    """Names one API key, and whoever has it."""
    return f"key_{secrets.token_hex(8)}"


def message_id() -> str:
    """A client-made upstream message id: a UUID of version 4, as a browser makes it."""
    return str(uuid.uuid4())


def file_id() -> str:
    """32 hex digits: one file that a client uploaded."""
    return secrets.token_hex(16)


def artifact_id(operation: str, position: int) -> str:
    """The file id of an operation's n-th result: the same every time, so that saving twice is saving once."""
    return hashlib.sha256(f"{operation}:{position}".encode()).hexdigest()[:32]


PRIMARY_OWNER = "primary"
"""Who owns what the operator's own API key makes."""
