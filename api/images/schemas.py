"""The requests of pictures and edits."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field, WithJsonSchema

from api.images.options import RATIOS, PictureOptions, Size, ratio_named
from api.overrides import AccountOptions
from api.validation import WORDS, shown

MOST_PICTURES = 4
"""Of one request; each is an operation of its own."""


def _prompt(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    return value


def _on_disconnect(value: str | None) -> str | None:
    if value not in (None, "continue", "cancel"):
        raise ValueError("must be `continue` or `cancel`")
    return value


OnDisconnect = Annotated[str | None, AfterValidator(_on_disconnect), shown({"enum": ["continue", "cancel"]})]
"""What becomes of an operation whose client goes away while it waits."""


class ImageGenerationRequest(AccountOptions, PictureOptions):
    """A picture, or several."""

    prompt: Annotated[str, AfterValidator(_prompt), WithJsonSchema(WORDS)]
    model: str | None = None
    n: Annotated[int, Field(ge=1, le=MOST_PICTURES)] | None = None
    metadata: dict[str, Any] | None = None
    chatgpt_on_disconnect: OnDisconnect = None


class EditOptions(AccountOptions):
    """What may stand in an edit's body or in its `metadata`; a size counts only where no ratio is given."""

    aspect_ratio: Annotated[str | None, AfterValidator(ratio_named), shown({"enum": ["", "auto", *RATIOS]})] = None
    size: Size = None


class ImageEditRequest(ImageGenerationRequest, EditOptions):
    """A picture to be made of others. Those are read beside it, because a form brings them in another way."""

    mask: Any = None
