"""What a turn does, chosen in its prompt.

A prompt may hold `[sim:…]` anywhere in the last user message: names and `name=value` pairs, separated by blanks or
commas. Several brackets add up. The brackets are taken out before the prompt is answered. The admin API and
`Simulator.add_rule(scenario=…)` take the same names, so that a turn can be changed without touching its prompt.
Durations are in seconds and multiplied by the simulator's time scale.

Refusals before the stream (docs/protocol.md section 8)

=================== ====================================================================================================
`error=429`         a plain refusal of that status
`fault=NAME`        a named refusal of the catalogue in `refusals.py`: `challenge`, `challenge_503`, `challenge_header`,
                    `unusual_activity`, `token_expired`, `unauthorized`, `forbidden`, `account_deactivated`,
                    `model_cap`, `model_limit`, `capacity`, `busy`, `rate_limited`, `rate_limited_bare`, `image_limit`,
                    `upload_limit`, `model_not_found`, `invalid_model`, `too_long`, `too_long_413`,
                    `conversation_too_large`, `conversation_not_found`, `conversation_inaccessible`, `history_expired`,
                    `validation`, `policy`, `file_not_found`, `blob_rejected`, `server_error`, `unavailable`,
                    `bad_gateway`, `json_200`, `html_200`, `not_json`
`at=prepare`        refuse the turn's `prepare` instead of the turn (default `at=turn`)
`drop`              accept the turn, then cut the connection without a byte of an answer (`ambiguous_dispatch`)
`drop=before`       cut the connection before the turn is accepted; `drop` alone is `drop=after`, and so on
`hang`              accept the turn and never answer; `hang=before`: never accept it
=================== ====================================================================================================

Trouble within the stream

=================== ====================================================================================================
`fault=stream_error`    half the answer, then an `error` string
`fault=error_object`    an error object with `model_cap_exceeded` and `clears_in`
`fault=error_event`     a typed `error` event
`fault=system_error`    a `system_error` message instead of an answer
`fault=moderation`      a blocking verdict; `fault=flagged`: one that only flags, and the answer
`fault=quota_check`     a `stream_quota_check` refusal
`fault=empty`           a completed turn without text
`fault=max_tokens`      the answer's first half, finished by length
`fault=wrong_encoding`  a delta encoding nobody has heard of
`cut`, `cut=K`      end the stream cleanly after K events (default: half), the turn itself goes on upstream
`reset`, `reset=K`  the same with a reset connection
`no_done`           leave `[DONE]` out
`no_complete`       leave `message_stream_complete` and `[DONE]` out
=================== ====================================================================================================

Shape and pace

=================== ====================================================================================================
`deltas=N`          cut the text into N pieces; the answer grows if it has too few words
`pace=MS`           milliseconds between two pieces
`first_byte=S`      send not even headers for S seconds
`slow=S`            start the stream, send the text after S seconds
`keepalives`        a comment line before every event; `keepalives=S`: and every S seconds while it is slow
`keepalive_only`    nothing but comment lines until the client leaves
`bytewise`          one byte a write
`crlf`              CRLF line ends
`legacy`            cumulative snapshots instead of deltas
`thinking`          thoughts and a recap before the answer (thinking models do so by themselves)
`handoff`           end the HTTP leg with `stream_handoff`; the answer comes on the WebSocket topic
`duplicates`        every item of the topic twice
`lose_offset`       every subscription with an offset finds its history gone
`ws_drop=K`         cut the WebSocket once, after K items
`hold`              accept, send the stream's head, then wait for a release; `hold=before`: before it is accepted
`echo`              the answer is the prompt itself, unchanged
=================== ====================================================================================================

Pictures (the turn needs the hint `picture_v2`)

=================== ====================================================================================================
`image=inline`      in the turn's own stream; `async`: placeholder, then found by polling; `slow`: async, ten times as
                    long; `refused`: an answer in words; `none`: neither picture nor words; `failed`: the placeholder
                    turns into an apology; `never`: pending until stopped
`images=N`          N pictures; `previews=N`: N successive previews of each before the final one
`seconds=S`         how long it takes upstream
`pixels=N`          the longer side, 16 to 2048 (default 1024)
`echo_input`        the first input comes back beside the result, under the other scheme; `echo_only`: nothing else does
`download=404`      the first two questions for the link are answered 404; `lag`: 200 with `file_not_found`;
                    `gone`: always 404; `other_host`: the bytes are on another origin; `html`: the bytes are a page
=================== ====================================================================================================

Deep Research (the turn needs the connector's hint)

=================== ====================================================================================================
`research=plan`     a plan waits for a minute, then it begins by itself (default); `fast`: no plan; `fail` and
                    `rate_limited`: broken off; `stuck`: never ends; `silent`: two hours without a word first;
                    `no_widget`: answered in words; `lost_widget`: the widget is in the conversation only, and late;
                    `no_report`: completed without one
`seconds=S`         how long it takes once it has begun
`no_push`           its channel says nothing; `duplicates`, `lose_offset`, `ws_drop=K`: as for a turn's topic
=================== ====================================================================================================
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from core.errors import InvalidRequestError
from provider.simulator.refusals import CATALOGUE, Answer, by_status

_BRACKET = re.compile(r"[ \t]*\[sim:([^\]]*)\][ \t]*")
_HALF = -1
STREAM_FAULTS = frozenset(
    (
        "stream_error",
        "error_object",
        "error_event",
        "system_error",
        "moderation",
        "flagged",
        "quota_check",
        "empty",
        "max_tokens",
        "wrong_encoding",
    )
)
IMAGE_WAYS = frozenset(("inline", "async", "slow", "refused", "none", "failed", "never"))
RESEARCH_WAYS = frozenset(
    ("plan", "fast", "fail", "rate_limited", "stuck", "silent", "no_widget", "lost_widget", "no_report")
)
DOWNLOAD_WAYS = frozenset(("404", "lag", "gone", "other_host", "html"))


class UnknownScenarioError(InvalidRequestError):
    """A name or value that no scenario has; the message says which."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One turn's choices; the names are those of the module's tables. `cut` and `reset` are -1 for half the events."""

    error: int | None = None
    fault: str | None = None
    at: str = "turn"
    drop: str | None = None
    hang: str | None = None
    cut: int | None = None
    reset: int | None = None
    no_done: bool = False
    no_complete: bool = False
    deltas: int | None = None
    pace: float | None = None
    first_byte: float = 0.0
    slow: float = 0.0
    keepalives: float | None = None
    keepalive_only: bool = False
    bytewise: bool = False
    crlf: bool = False
    legacy: bool = False
    thinking: bool = False
    handoff: bool = False
    duplicates: bool = False
    lose_offset: bool = False
    ws_drop: int | None = None
    hold: str | None = None
    echo: bool = False
    image: str | None = None
    images: int = 1
    previews: int = 0
    seconds: float | None = None
    pixels: int = 1024
    echo_input: bool = False
    echo_only: bool = False
    download: str | None = None
    research: str | None = None
    no_push: bool = False

    @property
    def refusal(self) -> Answer | None:
        """The answer that is given instead of a stream."""
        if self.error is not None:
            return by_status(self.error)
        return CATALOGUE.get(self.fault or "")

    @property
    def plain(self) -> bool:
        """Whether nothing is asked for: the fast path of benchmarks."""
        return self is PLAIN


PLAIN = Scenario()

_FLAG_VALUES = {
    "drop": "after",
    "hang": "after",
    "hold": "after",
    "cut": _HALF,
    "reset": _HALF,
    "keepalives": 0.0,
}
_CHOICES: dict[str, frozenset[str]] = {
    "fault": STREAM_FAULTS | frozenset(CATALOGUE),
    "at": frozenset(("turn", "prepare")),
    "drop": frozenset(("after", "before")),
    "hang": frozenset(("after", "before")),
    "hold": frozenset(("after", "before")),
    "image": IMAGE_WAYS,
    "download": DOWNLOAD_WAYS,
    "research": RESEARCH_WAYS,
}
_LIMITS = {"images": (1, 10), "previews": (0, 10), "pixels": (16, 2048), "deltas": (1, 100_000), "error": (400, 599)}
_TYPES = {field.name: str(field.type) for field in fields(Scenario)}


def read(prompt: str) -> tuple[Scenario, str]:
    """The scenario a prompt asks for, and the prompt without its brackets.

    Raises:
        UnknownScenarioError: a name or value that the module's tables do not have.
    """
    if "[sim:" not in prompt:
        return PLAIN, prompt
    choices: dict[str, Any] = {}
    for bracket in _BRACKET.findall(prompt):
        for word in bracket.replace(",", " ").split():
            name, equals, value = word.partition("=")
            choices[name] = value if equals else None
    return from_choices(choices), _BRACKET.sub(" ", prompt).strip()


def from_choices(choices: Mapping[str, Any], base: Scenario = PLAIN) -> Scenario:
    """`base` changed by `name: value`; `None` and `True` mean the name alone.

    Raises:
        UnknownScenarioError: a name or value that the module's tables do not have.
    """
    return replace(base, **{name: _value(name, value) for name, value in choices.items()})


def _value(name: str, value: Any) -> Any:
    kind = _TYPES.get(name)
    if kind is None:
        raise UnknownScenarioError(f"no scenario is called {name!r}")
    if kind == "bool":
        return value not in (False, "0", "false")
    if value is None or value is True:
        if name not in _FLAG_VALUES:
            raise UnknownScenarioError(f"{name} needs a value")
        return _FLAG_VALUES[name]
    if kind.startswith("str"):
        return _choice(name, str(value))
    return _number(name, value, int if kind.startswith("int") else float)


def _choice(name: str, value: str) -> str:
    if value not in _CHOICES[name]:
        raise UnknownScenarioError(f"{name} cannot be {value!r}, only one of {', '.join(sorted(_CHOICES[name]))}")
    return value


def _number(name: str, value: Any, kind: type[int] | type[float]) -> int | float:
    try:
        number = kind(value)
    except (TypeError, ValueError, OverflowError):
        raise UnknownScenarioError(f"{name} needs a number, not {value!r}") from None
    low, high = _LIMITS.get(name, (0, 1_000_000))
    if not low <= number <= high:
        raise UnknownScenarioError(f"{name} is {low} to {high}, not {number}")
    return number
