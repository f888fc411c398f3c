"""What a finished operation is answered with: the body that its own route gives."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from api.chat.background import response_answer
from api.images.answers import image_answer
from api.images.edits import edit_answer
from api.links import Links
from api.research.service import research_answer
from api.services import Services
from api.vision.service import vision_answer
from core.contracts.operations import OperationKind, OperationRecord

Document: TypeAlias = Callable[[Services, OperationRecord, Links], Awaitable[dict[str, Any]]]
"""Builds the body for a completed operation; the last are the download links."""


RESULTS: Mapping[OperationKind, Document] = {
    OperationKind.IMAGE: image_answer,
    OperationKind.EDIT: edit_answer,
    OperationKind.VISION: vision_answer,
    OperationKind.RESEARCH: research_answer,
    OperationKind.RESPONSE: response_answer,
}
