"""Compaction: what was said becomes a summary, sealed, which stands for it in what its client sends next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from api.services import Services
from bridge.chat.choices import Answered
from bridge.responses.places import Item
from core.errors import InvalidRequestError, VaultKeyError

KIND = "compaction"
TRIGGER = "compaction_trigger"

_WANTED = (
    "Stop working here. Write the hand-over for whoever goes on with this work and sees nothing of the conversation "
    "but your hand-over: what the user wants, in their words where those matter; what was decided and why; what was "
    "done, with the names of files, commands and their outcome; what is known that took effort to find out; what is "
    "left to do, the next step first. Write nothing but the hand-over."
)
_HEAD = "The conversation until here was replaced by this hand-over of it:"


def is_wanted(items: Sequence[Item]) -> bool:
    """Whether a client asks for a summary in place of an answer."""
    return any(item.get("type") == TRIGGER for item in items)


def in_words(items: Sequence[Item]) -> tuple[Item, ...]:
    """The items with the wish for a summary as a model understands it."""
    return (*(item for item in items if item.get("type") != TRIGGER), _message(_WANTED))


async def sealed(services: Services, owner: str, answered: Answered) -> Answered:
    """A summary as its client gets it.

    Raises:
        VaultKeyError: there is no key to seal it with.
    """
    answer = answered.answers[0]
    (text,) = await services.bridge.sealing.seal({"owner": owner, "summary": answer.text})
    return replace(answered, answers=(replace(answer, text=text),))


async def opened(services: Services, items: Sequence[Item], owner: str, *, param: str) -> tuple[Item, ...]:
    """The items with summaries in words.

    Raises:
        InvalidRequestError: one is no summary that this bridge has sealed for this owner; `param` names it.
    """
    return tuple(
        [
            await _open(services, item, owner, f"{param}[{number}].encrypted_content")
            if item.get("type") == KIND
            else item
            for number, item in enumerate(items)
        ]
    )


async def _open(services: Services, item: Item, owner: str, param: str) -> Item:
    try:
        (found,) = await services.bridge.sealing.unseal([str(item.get("encrypted_content"))])
    except VaultKeyError:
        found = None
    if not isinstance(found, dict) or found.get("owner") != owner:
        raise InvalidRequestError(f"`{param}`: no summary that this bridge has made for this key.", param=param)
    return _message(f"{_HEAD}\n\n{found['summary']}")


def _message(text: str) -> Item:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
