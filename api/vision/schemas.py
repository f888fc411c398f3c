"""The request to look at pictures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, field_validator

from api.chat.schemas import StreamOptions
from api.images.schemas import OnDisconnect
from api.privacy import PrivacyOptions

Mode: TypeAlias = Literal["custom", "ocr", "describe"]

_AGENT_MODE = re.compile(r"[@#][A-Za-z_-]+$")

_PROMPTS: Mapping[Mode, str] = {
    "custom": "Look at the attached pictures and say what matters about them.",
    "ocr": (
        "Transcribe all text in the attached pictures, exactly as it stands there: keep the spelling, the capitals, "
        "the punctuation and the language, and translate or correct nothing. Follow the reading order, keep line "
        "breaks, and write tables as Markdown tables. Put [?] where a character cannot be read. If there are several "
        "pictures, take them in their order and begin each with its number. Answer with the transcription alone, or "
        "with [no text] for a picture that has none."
    ),
    "describe": (
        "Describe the attached pictures for somebody who cannot see them: first what each one shows as a whole, then "
        "the people, things and places in it with their positions, colours and relations, then any text, quoted. "
        "Keep what can be seen apart from what you conclude from it, and name nobody by their face. If there are "
        "several pictures, take them in their order and end with what they have in common or what differs."
    ),
}


def _mode(value: str) -> str:
    mode = value.strip().lower() or "custom"
    if mode not in _PROMPTS:
        raise ValueError("must be `custom`, `ocr` or `describe`")
    return mode


class VisionBody(PrivacyOptions):
    """A question about pictures. Those are read beside it, because a form brings them in another way."""

    mode: Annotated[str, AfterValidator(_mode)] = "custom"
    prompt: str | None = None
    model: str | None = None
    thinking_effort: str | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    user: str | None = None
    metadata: dict[str, Any] | None = None
    chatgpt_on_disconnect: OnDisconnect = None

    @field_validator("model")
    @classmethod
    def _without_agent_mode(cls, value: str | None) -> str | None:
        """An agent mode concerns chats with tools; a name that has one is taken for the model alone."""
        return None if value is None else _AGENT_MODE.sub("", value)


def instruction(mode: Mode, prompt: str | None) -> str:
    """The caller's own words, or those that the mode has for everybody."""
    return prompt if prompt and prompt.strip() else _PROMPTS[mode]
