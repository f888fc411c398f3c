"""What is said to upstream beside the caller's words, because it has no field for it."""

from __future__ import annotations

from collections.abc import Mapping

from core.contracts.images import EditRequest, ImageRequest

_ONE_PICTURE = "Use the attached pictures as the source for this change, and return exactly one picture."
_MASKED = (
    "The last attached picture is a mask of the first one: change only what is white in it, and leave everything that "
    "is black in it exactly as it is."
)
_BEST = "Render it in the highest quality and detail."
_QUALITIES: Mapping[str, str] = {
    "low": "A quick rendering without fine detail is enough.",
    "high": _BEST,
    "xhigh": _BEST,
    "max": _BEST,
}
_STYLES: Mapping[str, str] = {
    "vivid": "Make it vivid: hyper-real and dramatic.",
    "natural": "Make it look natural, not hyper-real.",
}
_BACKGROUNDS: Mapping[str, str] = {
    "transparent": "Make the background fully transparent.",
    "opaque": "Make the background opaque.",
}


def instruction(request: ImageRequest) -> str:
    """The caller's words, and every option that upstream has no field for as a sentence after them."""
    parts = [request.prompt]
    if isinstance(request, EditRequest):
        parts.append(_ONE_PICTURE)
        parts += [_MASKED] if request.mask is not None else []
    if request.aspect_ratio != "auto":
        parts.append(f"Make the aspect ratio {request.aspect_ratio}.")
    wishes = (
        _QUALITIES.get(request.quality),
        _STYLES.get(request.style or ""),
        _BACKGROUNDS.get(request.background),
    )
    return "\n\n".join([*parts, *(wish for wish in wishes if wish)])
