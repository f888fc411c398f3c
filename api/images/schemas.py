"""The request of a picture."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator

from api.overrides import AccountOptions

MOST_PICTURES = 4
"""Of one request; each is an operation of its own."""

_SIZE = re.compile(r"(?P<width>[1-9]\d{0,4})x(?P<height>[1-9]\d{0,4})")
_RATIOS = {"1:1": 1.0, "3:4": 3 / 4, "9:16": 9 / 16, "4:3": 4 / 3, "16:9": 16 / 9}
_CLOSE = math.log(1.15)
"""Upstream knows five ratios; a size that is further from each of them is left to upstream."""


def _prompt(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    return value


def _size(value: str | None) -> str | None:
    if value is not None and value.strip().lower() != "auto" and not _SIZE.fullmatch(value.strip().lower()):
        raise ValueError("must be `auto` or a width and a height in pixels, such as 1024x1024")
    return value


def _response_format(value: str | None) -> str | None:
    if value is not None and value.strip().lower() not in ("url", "b64_json"):
        raise ValueError("must be `url` or `b64_json`")
    return value


def _on_disconnect(value: str | None) -> str | None:
    if value not in (None, "continue", "cancel"):
        raise ValueError("must be `continue` or `cancel`")
    return value


OnDisconnect = Annotated[str | None, AfterValidator(_on_disconnect)]
"""What becomes of an operation whose client goes away while it waits."""


class ImageGenerationRequest(AccountOptions):
    """A picture. `quality`, `style` and the like are accepted for clients' sake; upstream has no such controls."""

    prompt: Annotated[str, AfterValidator(_prompt)]
    model: str | None = None
    n: Annotated[int, Field(ge=1, le=MOST_PICTURES)] | None = None
    size: Annotated[str | None, AfterValidator(_size)] = None
    quality: str | None = None
    style: str | None = None
    response_format: Annotated[str | None, AfterValidator(_response_format)] = None
    stream: bool | None = None
    user: str | None = None
    metadata: dict[str, Any] | None = None
    chatgpt_on_disconnect: OnDisconnect = None


class EditOptions(AccountOptions):
    """What may stand in an edit's body or in its `metadata`; a size counts only where no ratio is given."""

    aspect_ratio: str | None = None
    size: Annotated[str | None, AfterValidator(_size)] = None

    @field_validator("aspect_ratio")
    @classmethod
    def _ratio_is_known(cls, value: str | None) -> str | None:
        ratio = (value or "").strip().lower()
        if ratio and ratio != "auto" and ratio not in _RATIOS:
            raise ValueError(f"must be `auto` or one of {', '.join(_RATIOS)}")
        return ratio or None


class ImageEditRequest(ImageGenerationRequest, EditOptions):
    """A picture to be made of others. Those are read beside it, because a form brings them in another way."""

    mask: Any = None


def response_format(value: str | None) -> Literal["url", "b64_json"]:
    """How the picture is to be shown; by its address where nothing is said."""
    return "b64_json" if (value or "").strip().lower() == "b64_json" else "url"


def aspect_ratio(size: str | None) -> str:
    """The ratio nearest to a size in pixels, `auto` where none is near."""
    given = _SIZE.fullmatch((size or "").strip().lower())
    if given is None:
        return "auto"
    wanted = math.log(int(given["width"]) / int(given["height"]))
    name, distance = min(
        ((name, abs(math.log(ratio) - wanted)) for name, ratio in _RATIOS.items()), key=lambda pair: pair[1]
    )
    return name if distance <= _CLOSE else "auto"
