"""Answers that a test wrote beforehand: the simulator as a model that says what it is told to.

A script waits for turns whose prompt holds some words, wherever in it they stand: what a client makes of its messages
before they are sent does not matter. Each such turn is answered with the script's next step.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.errors import InvalidRequestError
from provider.simulator.scenarios import PLAIN, Scenario, UnknownScenarioError, from_choices
from provider.simulator.thinking import Thought

_MOST_STEPS = 10_000
_FIELDS = ("text", "thoughts", "scenario")


class BadScriptError(InvalidRequestError):
    """A script that the simulator cannot follow; the message says why."""


@dataclass(frozen=True, slots=True)
class Line:
    """What one step of a script says.

    Attributes:
        text: the answer, word for word.
        thoughts: what is shown of the reasoning before it; `None` leaves that to the model and the scenario.
        scenario: changes to the turn's scenario.
    """

    text: str
    thoughts: tuple[Thought, ...] | None = None
    scenario: Mapping[str, Any] = field(default_factory=dict)

    def apply_to(self, scenario: Scenario) -> Scenario:
        """`scenario` changed by the step's own."""
        return from_choices(self.scenario, scenario) if self.scenario else scenario

    @property
    def keeps_out(self) -> bool:
        """Whether the step itself is why its turn is not accepted."""
        alone = self.apply_to(PLAIN)
        return alone.refusal is not None or "before" in (alone.drop, alone.hang)


@dataclass(slots=True)
class Script:
    """What some turns are answered with, one after the other.

    Attributes:
        number: 1 for the first since the simulator's start.
        when: words that the turns' messages hold.
        says: the steps in order.
        repeat: begin again after the last step; without it such turns get the simulator's own answers then.
    """

    number: int
    when: str
    says: tuple[Line, ...]
    repeat: bool = False
    _taken: int = 0
    _returned: list[int] = field(default_factory=list)

    @property
    def answered(self) -> int:
        """How many turns got a step, those included that their step kept out."""
        return self._taken - len(self._returned)

    @property
    def next(self) -> int | None:
        """The step that the next turn gets, 1 for the first; `None` when all are used up."""
        at = self._returned[0] if self._returned else self._taken
        return at % len(self.says) + 1 if self.repeat or at < len(self.says) else None

    def take(self) -> Cue | None:
        """Use up the next step; `None` when there is none."""
        if self.next is None:
            return None
        if self._returned:
            return Cue(self, self._returned.pop(0))
        self._taken += 1
        return Cue(self, self._taken - 1)

    def give_back(self, at: int) -> None:
        """Leave what was taken to the next turn after all."""
        insort(self._returned, at)


@dataclass(frozen=True, slots=True)
class Cue:
    """One turn's place in a script; `at` is 0 for the first that was taken."""

    script: Script
    at: int

    @property
    def step(self) -> int:
        """The number of the step, 1 for the script's first."""
        return self.at % len(self.script.says) + 1

    @property
    def line(self) -> Line:
        """What the turn is answered with."""
        return self.script.says[self.step - 1]

    def give_back(self) -> None:
        """The turn came to nothing: the next one gets the step, unless the step is why."""
        if not self.line.keeps_out:
            self.script.give_back(self.at)


class Scripts:
    """The scripts in force, in the order they were added."""

    def __init__(self) -> None:
        self._scripts: list[Script] = []
        self._number = 0

    def __bool__(self) -> bool:
        return bool(self._scripts)

    def add(self, *, when: str, says: Sequence[str | Mapping[str, Any]], repeat: bool = False) -> Script:
        """Answer coming chat turns whose messages hold `when`.

        Args:
            when: looked for in each message of the turn and of its conversation so far, as it is written.
            says: texts, or objects of `text`, `thoughts` (objects of `summary` and `content`) and `scenario` (the names
                of `scenarios`). A text is needed where the scenario lets an answer be given.
            repeat: start over after the last.

        Raises:
            BadScriptError: one of them is of another shape, or a scenario does not exist.
        """
        if not isinstance(when, str) or not when.strip():
            raise BadScriptError("when is the text that a turn's messages must hold")
        if isinstance(says, str) or not isinstance(says, Sequence) or not 1 <= len(says) <= _MOST_STEPS:
            raise BadScriptError(f"says is a list of 1 to {_MOST_STEPS} answers")
        if not isinstance(repeat, bool):
            raise BadScriptError("repeat is true or false")
        lines = tuple(_line(entry, f"says[{at}]") for at, entry in enumerate(says))
        self._number += 1
        script = Script(self._number, when, lines, repeat)
        self._scripts.append(script)
        return script

    def take(self, texts: Sequence[str]) -> Cue | None:
        """The next step of the first script that is about these messages and has one left."""
        for script in self._scripts:
            cue = script.take() if any(script.when in text for text in texts) else None
            if cue is not None:
                return cue
        return None

    def remove(self, number: int) -> bool:
        """Remove one script; `False` when there is none of that number."""
        before = len(self._scripts)
        self._scripts = [script for script in self._scripts if script.number != number]
        return len(self._scripts) < before

    def clear(self) -> None:
        """Remove all scripts."""
        self._scripts.clear()

    def listed(self) -> list[Script]:
        """The scripts in force, those included that have said everything."""
        return list(self._scripts)


def _line(entry: Any, place: str) -> Line:
    if isinstance(entry, str):
        entry = {"text": entry}
    if not isinstance(entry, Mapping):
        raise BadScriptError(f"{place} is a text, or an object with one")
    unknown = [str(name) for name in entry if name not in _FIELDS]
    if unknown:
        raise BadScriptError(f"{place} has {', '.join(_FIELDS)}, not {', '.join(unknown)}")
    choices = entry.get("scenario") or {}
    silent = _silent(choices, place)
    line = Line(entry.get("text", ""), _thoughts(entry.get("thoughts"), place), dict(choices))
    if not isinstance(line.text, str) or not (line.text or silent):
        raise BadScriptError(f"{place} needs a text; the scenario fault=empty answers without one")
    return line


def _silent(choices: Any, place: str) -> bool:
    """Whether a step with this scenario does without a text."""
    if not isinstance(choices, Mapping):
        raise BadScriptError(f"{place}.scenario is an object of scenarios, such as {{'deltas': 3}}")
    try:
        scenario = from_choices(choices)
    except UnknownScenarioError as unknown:
        raise BadScriptError(f"{place}.scenario: {unknown.message}") from None
    if scenario.at == "prepare" or scenario.echo:
        raise BadScriptError(
            f"{place}.scenario: a step is an answer to a turn, so neither at=prepare nor echo goes here"
        )
    return bool(scenario.error or scenario.fault or scenario.drop or scenario.hang)


def _thoughts(given: Any, place: str) -> tuple[Thought, ...] | None:
    if given is None:
        return None
    wrong = BadScriptError(f"{place}.thoughts is a list of objects with summary and content, both texts")
    if not isinstance(given, list | tuple):
        raise wrong
    thoughts: list[Thought] = []
    for one in given:
        if not isinstance(one, Mapping) or not one or set(one) - {"summary", "content"}:
            raise wrong
        thought = Thought(one.get("summary", ""), one.get("content", ""))
        if not isinstance(thought.summary, str) or not isinstance(thought.content, str):
            raise wrong
        thoughts.append(thought)
    return tuple(thoughts)
