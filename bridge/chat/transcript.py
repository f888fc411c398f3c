"""OpenAI-shaped messages as what is said: by whom, with which files, calling which tools."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from bridge.chat.attachments import Attachment, document, loaded, picture
from bridge.chat.tools.offer import ToolCall
from bridge.files.references import Caller, References
from core.errors import InvalidRequestError, UnsupportedParameterError

Role: TypeAlias = Literal["system", "user", "assistant", "tool"]

_ROLES: Mapping[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}
_TEXT_PARTS = ("text", "input_text", "output_text")
_IMAGE_PARTS = ("image_url", "input_image")
_FILE_PARTS = ("file", "input_file")


@dataclass(frozen=True, slots=True)
class Said:
    """One message; its pictures and documents come before its text.

    Attributes:
        role: `tool` brings the result of a call.
        calls: what the assistant wanted to have done.
        call_id: the call that a result belongs to, `None` where only its tool is named.
        name: the tool of a result, where the client says it.
    """

    role: Role
    text: str
    files: tuple[Attachment, ...] = ()
    calls: tuple[ToolCall, ...] = ()
    call_id: str | None = None
    name: str | None = None

    @property
    def speaks(self) -> bool:
        """Whether anything is said at all."""
        return bool(self.files or self.calls or self.role == "tool" or self.text.strip())


def read(messages: Sequence[dict[str, Any]]) -> tuple[Said, ...]:
    """The messages that say something, oldest first; the last one is the user's, or a tool's result.

    A role that upstream does not know speaks as the user.

    Raises:
        InvalidRequestError: a message is malformed, none says anything, or the last one is the assistant's.
        UnsupportedParameterError: a message has a part that is not served.
    """
    said = [_message(message, f"messages[{number}]") for number, message in enumerate(messages)]
    return answerable(said, param="messages")


def answerable(said: Sequence[Said], *, param: str) -> tuple[Said, ...]:
    """Those that say something, the last of which can be answered.

    Raises:
        InvalidRequestError: there is none, or the last one is the assistant's; `param` names where they stood.
    """
    spoken = [one for one in said if one.speaks]
    if not spoken:
        raise InvalidRequestError(f"`{param}` has nothing to answer.", param=param)
    last = spoken[-1]
    if last.role == "assistant":
        raise InvalidRequestError(f"The last of `{param}` is the assistant's.", param=param)
    if last.role == "system":
        # A lone system prompt is a question too; upstream answers users only.
        spoken[-1] = replace(last, role="user")
    return tuple(spoken)


async def with_files(transcript: Sequence[Said], references: References, caller: Caller) -> tuple[Said, ...]:
    """The transcript with every picture and document loaded and checked.

    Raises:
        CallerError: one cannot be had, or is no picture; `param` names it.
    """
    given = [file for said in transcript for file in said.files]
    left = iter(await loaded(given, references, caller))
    return tuple(replace(said, files=tuple(next(left) for _ in said.files)) for said in transcript)


def without_files(transcript: Sequence[Said]) -> tuple[Said, ...]:
    """The words alone, where the answer needs no more."""
    bare = (replace(said, files=()) for said in transcript)
    return tuple(said for said in bare if said.speaks)


def opening(transcript: Sequence[Said]) -> str:
    """Names a conversation by how it began: its system prompts and the first message of the user."""
    digest = hashlib.blake2b(digest_size=16)
    for said in transcript:
        digest.update(f"{said.role}\n{said.text}\n".encode())
        if said.role == "user":
            break
    return digest.hexdigest()


def content(given: Any, param: str) -> tuple[str, tuple[Attachment, ...]]:
    """The text of a message's content and the files it names, which are not loaded yet.

    Raises:
        InvalidRequestError, UnsupportedParameterError: as `read`.
    """
    if given is None:
        return "", ()
    if isinstance(given, str):
        return given, ()
    if not isinstance(given, list):
        raise InvalidRequestError(f"`{param}` must be a string or an array of parts.", param=param)
    texts: list[str] = []
    files: list[Attachment] = []
    for number, part in enumerate(given):
        found = _part(part, f"{param}[{number}]")
        if isinstance(found, Attachment):
            files.append(found)
        else:
            texts.append(found)
    return "\n".join(texts), tuple(files)


def _message(message: dict[str, Any], param: str) -> Said:
    role = message.get("role")
    if not isinstance(role, str) or not role:
        raise InvalidRequestError(f"`{param}.role` must be a string.", param=f"{param}.role")
    text, files = content(message.get("content"), f"{param}.content")
    known = _ROLES.get(role, "user")
    if known == "assistant":
        return Said(known, text or _refusal(message), files, calls=_calls(message, param))
    if known == "tool":
        return Said(known, text, files, call_id=_word(message, "tool_call_id"), name=_word(message, "name"))
    return Said(known, text, files)


def _calls(message: dict[str, Any], param: str) -> tuple[ToolCall, ...]:
    given, older = message.get("tool_calls"), message.get("function_call")
    if not isinstance(given, list | None):
        raise InvalidRequestError(f"`{param}.tool_calls` must be an array.", param=f"{param}.tool_calls")
    calls = [_call(one, f"{param}.tool_calls[{number}]") for number, one in enumerate(given or ())]
    if older is not None:
        calls.append(_call({"function": older}, f"{param}.function_call"))
    return tuple(calls)


def _call(given: Any, param: str) -> ToolCall:
    inner = given.get("function") or given.get("custom") if isinstance(given, dict) else None
    name = inner.get("name") if isinstance(inner, dict) else None
    if not isinstance(inner, dict) or not isinstance(name, str) or not name:
        raise InvalidRequestError(f"`{param}.function.name` must be a string.", param=f"{param}.function.name")
    arguments = inner.get("arguments", inner.get("input", "{}"))
    if not isinstance(arguments, str):
        raise InvalidRequestError(
            f"`{param}.function.arguments` must be a string.", param=f"{param}.function.arguments"
        )
    return ToolCall(_word(given, "id") or "", name, arguments)


def _word(message: dict[str, Any], name: str) -> str | None:
    value = message.get(name)
    return value if isinstance(value, str) and value else None


def _refusal(message: dict[str, Any]) -> str:
    return _word(message, "refusal") or ""


def _part(part: Any, param: str) -> str | Attachment:
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
        return picture(part, param)
    if kind in _FILE_PARTS:
        return document(part, param)
    if not isinstance(kind, str):
        raise InvalidRequestError(f"`{param}.type` must be a string.", param=f"{param}.type")
    raise UnsupportedParameterError(
        f"Parts of type {kind!r} are not served by this version of the bridge.", param=f"{param}.type"
    )
