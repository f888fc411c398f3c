"""What a turn is to do: its own words, a script's and a rule's, in one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from provider.simulator import scenarios
from provider.simulator.accounts import Account
from provider.simulator.conversations import text_of
from provider.simulator.door import Visit
from provider.simulator.refusals import RefusedError, detail
from provider.simulator.research import HINTS
from provider.simulator.scenarios import Scenario
from provider.simulator.scripted import Cue, Scripts
from provider.simulator.submission import Body

Kind = Literal["chat", "image", "research"]


@dataclass(frozen=True, slots=True)
class Order:
    """A turn that may be accepted.

    Attributes:
        scenario: the prompt's, changed by the script's step, changed by the rule.
        prompt: the last message's words without the simulator's brackets.
        cue: what a script says it answers, `None` for an answer of the simulator's own.
    """

    body: Body
    kind: Kind
    scenario: Scenario
    prompt: str
    cue: Cue | None = None

    def come_to_nothing(self) -> None:
        """The turn was not accepted."""
        if self.cue is not None:
            self.cue.give_back()


def read_order(body: Body, visit: Visit, scripts: Scripts) -> Order:
    """Put a turn's order together; it has taken its script's step.

    Raises:
        RefusedError: the prompt asks for a scenario that does not exist.
    """
    kind = _kind(body)
    scenario, prompt = read_scenario(body.prompt)
    cue = scripts.take(_words(visit.account, body)) if scripts and kind == "chat" else None
    if cue is not None:
        scenario = cue.line.apply_to(scenario)
    if visit.rule is not None:
        scenario = visit.rule.apply_to(scenario)
        if visit.rule.hold == "after":
            scenario = replace(scenario, hold="after")
    return Order(body, kind, scenario, prompt, cue)


def read_scenario(prompt: str) -> tuple[Scenario, str]:
    """The scenario of a prompt, and the prompt without it.

    Raises:
        RefusedError: there is no such scenario.
    """
    try:
        return scenarios.read(prompt)
    except scenarios.UnknownScenarioError as unknown:
        raise RefusedError(detail(400, f"simulator: {unknown}")) from None


def _kind(body: Body) -> Kind:
    if HINTS.intersection(body.hints):
        return "research"
    return "image" if "picture_v2" in body.hints else "chat"


def _words(account: Account, body: Body) -> list[str]:
    """The text of each message that the turn follows, and of each that it sends."""
    conversation = account.conversations.get(body.conversation_id or "")
    followed = conversation is not None and body.parent in conversation.nodes
    earlier = conversation.branch(body.parent) if conversation is not None and followed else []
    return [text_of(message) for message in (*earlier, *body.messages)]
