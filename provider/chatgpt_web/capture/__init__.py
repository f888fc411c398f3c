"""Captures: read, checked, and used as a template (docs/protocol.md section 1)."""

from provider.chatgpt_web.capture.checks import inspect_capture
from provider.chatgpt_web.capture.model import Capture
from provider.chatgpt_web.capture.parse import parse_capture

__all__ = ["Capture", "inspect_capture", "parse_capture"]
