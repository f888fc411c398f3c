"""What `docs/clients/llm.md` has to copy, copied."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import pytest_asyncio

from tests.e2e.clients import cases, installs
from tests.e2e.clients.cases import Case
from tests.e2e.clients.pages import SETUP, block, headings
from tests.e2e.clients.running import Bridge
from tests.e2e.clients.shell import sh
from tests.e2e.stack import KEY

PAGE = "llm.md"

# The first one may install the client.
pytestmark = [pytest.mark.asyncio(loop_scope="package"), pytest.mark.timeout(400)]

Shell: TypeAlias = Callable[[str], Coroutine[Any, Any, str]]

CASES = {
    "Ask": Case(r"Ahoy, harbour!\n", cases.HELLO),
    "Ask for the whole answer": Case(r"Once upon a time\.\n", cases.STORY),
    "Go on": Case(r"A halyard\.\nA sheet\.\n", cases.ROPES, turns=2),
    "Tools": Case(r"1\.4 m\.\n", cases.BERGEN, turns=2),
    "Structured output": Case(r'\{"name": "Anna", "masts": 3\}\n', cases.ANNA, turns=2),
    "Pictures and documents": Case(r".* a picture of 16 by 12 pixels, .*\.pdf has \d+ bytes.*\n"),
    "Without a file": Case(r"Ahoy, harbour!\n", cases.HELLO),
    "By responses": Case(r"(?s)auto\n.*\ngpt-image-1\n.*A sailor\.\n", cases.WHO),
}


@pytest_asyncio.fixture(scope="module", loop_scope="package")
async def llm(running: Bridge, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A shell whose llm is set up as the page says, with a home of its own."""
    home = tmp_path_factory.mktemp("llm")
    environment = {
        "PATH": f"{installs.environment(PAGE)}:{os.environ['PATH']}",
        "LLM_USER_PATH": str(home),
    }

    async def shell(lines: str) -> str:
        return await sh(folder, lines, environment)

    await shell(block(PAGE, SETUP, "sh").at(running.tap.url, KEY))
    return shell


@pytest.mark.parametrize("heading", [heading for heading in headings(PAGE, "sh") if heading != installs.INSTALL])
async def test_what_the_page_says_is_so(bridge: Bridge, llm: Shell, heading: str) -> None:
    case = CASES[heading]
    case.prepare(bridge)

    printed = await llm(block(PAGE, heading, "sh").at(bridge.tap.url, KEY))

    case.check(bridge, printed)


async def test_its_options_are_taken(bridge: Bridge, llm: Shell) -> None:
    bridge.simulator.add_script("a heron", ["One two three four."])

    printed = await llm('llm -o temperature 0 -o max_tokens 2 "Of a heron"')

    assert printed == "One two\n"
    (exchange,) = bridge.tap.asked("POST", "/v1/chat/completions")
    assert (exchange.said["temperature"], exchange.said["stream_options"]) == (0.0, {"include_usage": True})


async def test_a_refusal_prints_nothing_and_an_error_says_what_is_wrong(bridge: Bridge, llm: Shell) -> None:
    bridge.simulator.add_script("a secret", ["I cannot speak of it."], repeat=True)
    bridge.simulator.add_script("what is forbidden", [{"scenario": {"fault": "policy"}}])

    printed = await llm("llm --schema 'name, masts int' 'What of a secret?'")
    with pytest.raises(AssertionError, match="Upstream's policy refuses this content"):
        await llm('llm "Say what is forbidden."')

    assert printed.strip() == ""
