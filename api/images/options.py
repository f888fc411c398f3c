"""What a request says of how its pictures look, and in what form they come."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from api.validation import Request
from bridge.keys.grant import plain_model
from core.contracts.images import ImageRequest
from core.errors import InvalidRequestError, UnsupportedParameterError

WITHOUT_EFFECT = ("moderation", "input_fidelity", "complexity", "user", "safety_identifier")
"""Checked, and of no use here: upstream has no such control."""

REFUSED = ("svg", "frame_count", "frame_duration_ms", "markup")
"""What they are for cannot be had, so that leaving them aside would spend quota on something else."""

MOST_PREVIEWS = 3

_SIZE = re.compile(r"(?P<width>[1-9]\d{0,4})x(?P<height>[1-9]\d{0,4})")
RATIOS = {"1:1": 1.0, "3:4": 3 / 4, "9:16": 9 / 16, "4:3": 4 / 3, "16:9": 16 / 9}
_CLOSE = math.log(1.15)
"""Upstream knows five ratios; a size that is further from each of them is left to upstream."""

_QUALITIES = {"standard": "auto", "hd": "high"}
"""Names of models that are gone, in the words of those that are not."""

_AS_BYTES = ("gpt-image-", "chatgpt-image-latest")
"""Models whose pictures their vendor answers with, where others are answered by an address."""


class OneOf:
    """One of these words, however they are capitalized, or null."""

    def __init__(self, *allowed: str) -> None:
        self._allowed = allowed

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [{"enum": list(self._allowed)}, {"type": "null"}]}

    def _checked(self, value: str | None) -> str | None:
        plain = None if value is None else value.strip().lower()
        if plain is not None and plain not in self._allowed:
            raise ValueError(f"must be one of {', '.join(self._allowed)}")
        return plain


def _size(value: str | None) -> str | None:
    if value is not None and value.strip().lower() != "auto" and not _SIZE.fullmatch(value.strip().lower()):
        raise ValueError("must be `auto` or a width and a height in pixels, such as 1024x1024")
    return value


Size = Annotated[str | None, AfterValidator(_size)]


class PictureOptions(Request):
    """Options that pictures and edits have in common."""

    size: Size = None
    quality: Annotated[str | None, OneOf("auto", "low", "medium", "high", "xhigh", "max", "standard", "hd")] = None
    style: Annotated[str | None, OneOf("vivid", "natural")] = None
    background: Annotated[str | None, OneOf("auto", "transparent", "opaque")] = None
    output_format: Annotated[str | None, OneOf("png", "jpeg", "webp")] = None
    output_compression: Annotated[int, Field(ge=0, le=100)] | None = None
    response_format: Annotated[str | None, OneOf("url", "b64_json")] = None
    stream: bool | None = None
    partial_images: Annotated[int, Field(ge=0, le=MOST_PREVIEWS)] | None = None
    moderation: Annotated[str | None, OneOf("auto", "low")] = None
    input_fidelity: Annotated[str | None, OneOf("low", "high")] = None
    complexity: Annotated[str | None, OneOf("low", "medium", "high")] = None
    user: str | None = None
    safety_identifier: str | None = None
    svg: Any = None
    frame_count: Any = None
    frame_duration_ms: Any = None
    markup: Any = None


def wanted(options: PictureOptions, model: str | None) -> dict[str, Any]:
    """The options as fields of `core.contracts.images.ImageRequest`.

    Raises:
        InvalidRequestError: two of them exclude each other; `param` names one.
        UnsupportedParameterError: one of `REFUSED` is there.
    """
    for name in REFUSED:
        if getattr(options, name) is not None:
            raise UnsupportedParameterError(f"`{name}` is not served: upstream has no such pictures.", param=name)
    _require_agreement(options)
    quality = options.quality or "auto"
    return {
        "quality": _QUALITIES.get(quality, quality),
        "style": options.style,
        "background": options.background or "auto",
        "output_format": options.output_format,
        "output_compression": options.output_compression,
        "response_format": response_format(options.response_format, model),
        "partial_images": options.partial_images or 0,
    }


def _require_agreement(options: PictureOptions) -> None:
    if options.background == "transparent" and options.output_format == "jpeg":
        raise InvalidRequestError(
            "`background`: a transparent one needs the `output_format` png or webp.", param="background"
        )
    if options.output_compression is not None and options.output_format not in ("jpeg", "webp"):
        raise InvalidRequestError(
            "`output_compression` needs the `output_format` jpeg or webp.", param="output_compression"
        )
    if options.partial_images and not options.stream:
        raise InvalidRequestError("`partial_images` needs `stream`.", param="partial_images")
    if options.stream and options.response_format == "url":
        raise InvalidRequestError("`response_format`: a stream brings the picture itself.", param="response_format")


def require_streamable(pictures: int, *, detached: bool) -> None:
    """See that a request can be answered by a stream.

    Raises:
        InvalidRequestError: it asks for several pictures, or does not wait for its answer.
    """
    if pictures > 1:
        raise InvalidRequestError("`n`: a stream brings one picture.", param="n")
    if detached:
        raise InvalidRequestError("`stream` and `Prefer: respond-async` exclude each other.", param="stream")


def digested(request: ImageRequest) -> dict[str, Any]:
    """What makes two requests the same picture: not what is seen of it while it is made."""
    return request.model_dump(mode="json", exclude={"partial_images"})


def response_format(value: str | None, model: str | None) -> Literal["url", "b64_json"]:
    """How the picture is to be shown; where nothing is said, as the model's vendor does."""
    if value is None:
        return "b64_json" if plain_model(model or "").startswith(_AS_BYTES) else "url"
    return "b64_json" if value == "b64_json" else "url"


def ratio_named(value: str | None) -> str | None:
    """A ratio by its name; `None` leaves it to the size.

    Raises:
        ValueError: upstream has no such ratio.
    """
    ratio = (value or "").strip().lower()
    if ratio and ratio != "auto" and ratio not in RATIOS:
        raise ValueError(f"must be `auto` or one of {', '.join(RATIOS)}")
    return ratio or None


def aspect_ratio(size: str | None) -> str:
    """The ratio nearest to a size in pixels, `auto` where none is near."""
    given = _SIZE.fullmatch((size or "").strip().lower())
    if given is None:
        return "auto"
    asked = math.log(int(given["width"]) / int(given["height"]))
    name, distance = min(
        ((name, abs(math.log(ratio) - asked)) for name, ratio in RATIOS.items()), key=lambda pair: pair[1]
    )
    return name if distance <= _CLOSE else "auto"
