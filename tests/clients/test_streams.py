"""What goes wrong upstream ends in each client in the way that helps its user, and is paid for once at most."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.clients.conftest import Bench, Sit
from tests.clients.desk import Ran
from tests.clients.setups import aider, codex, opencode, vercel
from tests.fakes.tap import Exchange

TITLE = "You are a title generator"
TURN = "*/f/conversation"
PATIENCE = {"CHATGPT_WEB_IDLE_TIMEOUT": "3"}


@dataclass(frozen=True, slots=True)
class Client:
    """A client and how it is asked.

    Attributes:
        blocks: of its page, or shell.
        prompt: words of what it asks.
        status: what it leaves with after an error.
    """

    begin: Callable[..., Awaitable[Bench]]
    blocks: tuple[str, ...]
    prompt: str
    status: int

    async def ask(self, bench: Bench, seconds: float) -> Ran:
        """Run the page's command."""
        lines = [bench.desk.page.blocks.get(block, block) for block in self.blocks]
        return await bench.desk.shell("\n".join(lines), seconds)


CLIENTS = {
    "opencode": Client(opencode, ("offline", "key", "job"), "Fix the bug", 1),
    "codex": Client(codex, ("key", "job"), "Fix the bug", 1),
    "vercel": Client(vercel, ("key", "node stream.mjs"), "a short story", 1),
    "aider": Client(aider, ("offline", "key", "job"), "Fix the bug", 0),
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """What upstream does to every turn.

    Attributes:
        says: what the user reads of it, a pattern.
        turns: how many of them upstream has accepted.
        asked: how often a client asks where that is not once.
    """

    scenario: Mapping[str, Any]
    says: str
    turns: int = 1
    asked: Mapping[str, int] = field(default_factory=dict)


TROUBLES = {
    "cut": Trouble({"cut": 8}, "ended in the middle"),
    "cut before the first word": Trouble({"cut": 1}, "ended in the middle"),
    "reset": Trouble({"reset": 8}, "ended in the middle"),
    "error in the stream": Trouble({"fault": "stream_error"}, "rror"),
    "nothing said": Trouble({"fault": "empty"}, "without an answer"),
    "blocked": Trouble({"fault": "moderation"}, "moderation blocked"),
    "never answered": Trouble({"hang": True}, "did not answer"),
    "silent": Trouble({"slow": 60}, "silent"),
    "dropped": Trouble({"drop": True}, "did not answer"),
    # Refused before it is a turn, which the bridge cannot know of a 5xx.
    "broken": Trouble({"fault": "server_error"}, "Upstream failed", turns=0),
    # opencode shortens its session once, and tries that; Codex has words of its own.
    "too long": Trouble({"fault": "too_long"}, "longer than|out of room", turns=0, asked={"opencode": 2}),
}


def asked(bench: Bench) -> list[Exchange]:
    """What was asked of a model: not opencode's title, which the bridge answers by itself."""
    return [one for one in bench.tap.heard if one.method == "POST" and TITLE.encode() not in one.body]


def words(ran: Ran) -> str:
    """What the user reads, on lines as long as they like."""
    return " ".join((ran.out + ran.trouble).split())


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("name", CLIENTS)
async def test_it_ends_and_is_paid_for_once(sit: Sit, name: str, trouble: str) -> None:
    client, expected = CLIENTS[name], TROUBLES[trouble]
    bench = await client.begin(sit, **PATIENCE)
    bench.simulator.add_rule(path=TURN, times=0, scenario=expected.scenario)

    ran = await client.ask(bench, 90)

    told = [(one.status, one.error) for one in asked(bench)]
    assert (ran.status, bench.turns) == (client.status, expected.turns), told
    assert len(told) == expected.asked.get(name, 1), told
    assert re.search(expected.says, words(ran))


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", CLIENTS)
async def test_an_answer_that_is_cut_by_length_is_not_asked_for_again(sit: Sit, name: str) -> None:
    bench = await CLIENTS[name].begin(sit)
    bench.simulator.add_rule(path=TURN, times=0, scenario={"fault": "max_tokens"})

    ran = await CLIENTS[name].ask(bench, 90)

    assert ran.status is not None
    assert (bench.turns, len(asked(bench))) == (1, 1)


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", CLIENTS)
async def test_a_limit_that_passes_is_waited_for(sit: Sit, name: str) -> None:
    bench = await CLIENTS[name].begin(sit)
    bench.simulator.add_rule(path=TURN, times=1, status=429, headers={"retry-after": "2"}, body="{}")
    bench.simulator.add_script(CLIENTS[name].prompt, ["Nothing is wrong."], repeat=True)

    ran = await CLIENTS[name].ask(bench, 90)

    assert ran.status == 0, ran.trouble
    assert "Nothing is wrong." in ran.out
    assert bench.turns == 1


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", CLIENTS)
async def test_a_limit_that_stays_costs_nothing(sit: Sit, name: str) -> None:
    bench = await CLIENTS[name].begin(sit)
    bench.simulator.add_rule(path=TURN, times=0, scenario={"fault": "rate_limited"})

    await CLIENTS[name].ask(bench, 25)

    assert bench.turns == 0
    assert bench.simulator.ledger.by_route["POST /backend-api/f/conversation"] == 1
    assert 1 <= len(asked(bench)) <= 8
