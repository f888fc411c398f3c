"""What an image or an edit is asked for."""

from __future__ import annotations

from typing import Literal, TypeAlias

from core.contracts.base import Contract
from core.contracts.inputs import InputRef
from core.contracts.routing import Strategy

OutputFormat: TypeAlias = Literal["png", "jpeg", "webp"]
Quality: TypeAlias = Literal["auto", "low", "medium", "high", "xhigh", "max"]


class ImageForm(Contract):
    """In what form a picture is kept.

    Attributes:
        output_format: what it is converted to; `None` keeps it as upstream made it.
        output_compression: 0 to 100 as its encoder's quality, for jpeg and webp; `None` is the best.
    """

    output_format: OutputFormat | None = None
    output_compression: int | None = None


class ImageRequest(ImageForm):
    """A validated image request, stored with its operation.

    Attributes:
        prompt: the caller's words, unchanged.
        model: the requested public name, unchanged.
        slug: the upstream slug it stands for.
        aspect_ratio: appended to the prompt as an instruction, unless `auto`.
        response_format: how the synchronous answer shows the picture.
        accounts: the pool to choose from in this order; empty means every account.
        strategy: the order in which they are asked, `None` for the bridge's own.
        quality, style, background: appended to the prompt as instructions, unless `auto` or `None`.
        partial_images: how many previews are wanted at most.
        n: how many pictures were asked for together. Each has an operation of its own; the first one's says how many.
    """

    prompt: str
    model: str = "auto"
    slug: str = "auto"
    aspect_ratio: str = "auto"
    response_format: Literal["url", "b64_json"] = "url"
    accounts: tuple[str, ...] = ()
    strategy: Strategy | None = None
    quality: Quality = "auto"
    style: Literal["vivid", "natural"] | None = None
    background: Literal["auto", "transparent", "opaque"] = "auto"
    partial_images: int = 0
    n: int = 1


class EditRequest(ImageRequest):
    """A validated request to change pictures.

    Attributes:
        inputs: the pictures it is about, in the caller's order.
        mask: white where the first of them is to be changed, black elsewhere; upstream is shown it behind them. They
            are 1 to 10 together.
    """

    inputs: tuple[InputRef, ...]
    mask: InputRef | None = None

    @property
    def shown(self) -> tuple[InputRef, ...]:
        """Everything that upstream is shown, in this order."""
        return self.inputs if self.mask is None else (*self.inputs, self.mask)


class ImageRef(Contract):
    """A finished picture upstream, known by its pointer."""

    pointer: str
    file_id: str
    width: int | None = None
    height: int | None = None
