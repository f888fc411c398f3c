"""OpenAI-shaped messages as what is said to upstream."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from bridge.chat.pictures import Picture, loaded, reference
from bridge.files.references import Caller, References
from core.errors import InvalidRequestError, UnsupportedParameterError

Role = Literal["system", "user", "assistant"]

_KEPT_ROLES = ("system", "user", "assistant")
_TEXT_PARTS = ("text", "input_text", "output_text")
_IMAGE_PARTS = ("image_url", "input_image")


@dataclass(frozen=True, slots=True)
class Said:
    """One message; its pictures come before its text."""

    role: Role
    text: str
    pictures: tuple[Picture, ...] = ()


def read(messages: Sequence[dict[str, Any]]) -> tuple[Said, ...]:
    """The messages that say something, oldest first; the last one is the user's.

    A role that upstream does not know speaks as the user.

    Raises:
        InvalidRequestError: a message is malformed, none says anything, or the last one is the assistant's.
        UnsupportedParameterError: a message belongs to a tool call, or has a part that is not served.
    """
    said = [_message(message, f"messages[{number}]") for number, message in enumerate(messages)]
    spoken = [one for one in said if one.pictures or one.text.strip()]
    if not spoken:
        raise InvalidRequestError("`messages` has nothing to answer.", param="messages")
    last = spoken[-1]
    if last.role == "assistant":
        raise InvalidRequestError("The last of `messages` is the assistant's.", param="messages")
    # A lone system prompt is a question too; upstream answers users only.
    spoken[-1] = replace(last, role="user")
    return tuple(spoken)


async def check_pictures(transcript: Sequence[Said], references: References, caller: Caller) -> tuple[Said, ...]:
    """The transcript with every picture loaded and checked.

    Raises:
        CallerError: one cannot be had, or is no picture; `param` names it.
    """
    given = [picture for said in transcript for picture in said.pictures]
    left = iter(await loaded(given, references, caller))
    return tuple(replace(said, pictures=tuple(next(left) for _ in said.pictures)) for said in transcript)


def opening(transcript: Sequence[Said]) -> str:
    """Names a conversation by how it began: its system prompts and the first message of the user."""
    digest = hashlib.blake2b(digest_size=16)
    for said in transcript:
        digest.update(f"{said.role}\n{said.text}\n".encode())
        if said.role == "user":
            break
    return digest.hexdigest()


def _message(message: dict[str, Any], param: str) -> Said:
    role = message.get("role")
    if not isinstance(role, str) or not role:
        raise InvalidRequestError(f"`{param}.role` must be a string.", param=f"{param}.role")
    if role in ("tool", "function"):
        raise UnsupportedParameterError(
            "Results of tools are not served by this version of the bridge.", param=f"{param}.role"
        )
    if message.get("tool_calls"):
        raise UnsupportedParameterError(
            "Calling tools is not served by this version of the bridge.", param=f"{param}.tool_calls"
        )
    text, pictures = _content(message.get("content"), f"{param}.content")
    return Said(cast(Role, role if role in _KEPT_ROLES else "user"), text, pictures)


def _content(content: Any, param: str) -> tuple[str, tuple[Picture, ...]]:
    if content is None:
        return "", ()
    if isinstance(content, str):
        return content, ()
    if not isinstance(content, list):
        raise InvalidRequestError(f"`{param}` must be a string or an array of parts.", param=param)
    texts: list[str] = []
    pictures: list[Picture] = []
    for number, part in enumerate(content):
        found = _part(part, f"{param}[{number}]")
        if isinstance(found, Picture):
            pictures.append(found)
        else:
            texts.append(found)
    return "\n".join(texts), tuple(pictures)


def _part(part: Any, param: str) -> str | Picture:
    if isinstance(part, str):
        return part
    if not isinstance(part, dict):
        raise InvalidRequestError(f"`{param}` must be a string or an object.", param=param)
    kind = part.get("type")
    if kind in _TEXT_PARTS or kind == "refusal":
        text = part.get("refusal" if kind == "refusal" else "text")
        if not isinstance(text, str):
            raise InvalidRequestError(f"`{param}.text` must be a string.", param=f"{param}.text")
        return text
    if kind in _IMAGE_PARTS:
        return reference(part, param)
    if not isinstance(kind, str):
        raise InvalidRequestError(f"`{param}.type` must be a string.", param=f"{param}.type")
    raise UnsupportedParameterError(
        f"Parts of type {kind!r} are not served by this version of the bridge.", param=f"{param}.type"
    )
