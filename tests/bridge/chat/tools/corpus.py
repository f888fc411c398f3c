"""Replies of models and what is to be read in them: `tests/vectors/tools`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bridge.chat.tools.calls import Found, Piece, Spoilt
from bridge.chat.tools.offer import Offer, ToolCall
from bridge.chat.tools.schemas import Checker, Problem
from bridge.chat.tools.wire import read_offer

FOLDER = Path(__file__).resolve().parents[3] / "vectors" / "tools"


@dataclass(frozen=True)
class Case:
    """A reply; the calls that have to be delivered, the prose that has to be shown, and what each spoilt call and each
    wrong one has to say."""

    file: str
    name: str
    reply: str
    calls: list[tuple[str, Any]]
    prose: str
    spoilt: list[str]
    wrong: list[tuple[str, str]]

    def __str__(self) -> str:
        return f"{self.file}: {self.name}"


@dataclass(frozen=True)
class Seen:
    """What was read in a reply; arguments as values."""

    calls: list[tuple[str, Any]]
    prose: str
    spoilt: list[str]
    wrong: list[tuple[str, str]]


@cache
def offer() -> Offer:
    """What every case offers."""
    return read_offer(json.loads((FOLDER / "offer.json").read_text(encoding="utf-8")))


@cache
def cases() -> tuple[Case, ...]:
    """The whole corpus."""
    return tuple(_cases())


def _cases() -> Iterator[Case]:
    for path in sorted(FOLDER.glob("*.json")):
        for case in json.loads(path.read_text(encoding="utf-8")).get("cases", ()):
            yield Case(
                file=path.stem,
                name=case["name"],
                reply=_text(case["reply"]),
                calls=[(name, _value(arguments)) for name, arguments in case["calls"]],
                prose=_text(case["prose"]),
                spoilt=case.get("spoilt", []),
                wrong=[(name, sentence) for name, sentence in case.get("wrong", [])],
            )


def seen(found: list[Piece], checker: Checker) -> Seen:
    """What pieces come to once their calls are checked."""
    checked = [checker.check(piece) for piece in found if isinstance(piece, Found)]
    return Seen(
        calls=[(call.name, json.loads(call.arguments)) for call in checked if isinstance(call, ToolCall)],
        prose="".join(piece for piece in found if isinstance(piece, str)),
        spoilt=[piece.why for piece in found if isinstance(piece, Spoilt)],
        wrong=[(one.found.name, " ".join(one.sentences)) for one in checked if isinstance(one, Problem)],
    )


def _text(text: Any) -> str:
    parts = [text] if isinstance(text, str) else text
    return "".join(part if isinstance(part, str) else part["repeat"] * part["times"] for part in parts)


def _value(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"repeat", "times"}:
            return value["repeat"] * value["times"]
        return {key: _value(inner) for key, inner in value.items()}
    return value
