"""What `docs/clients/langchain.md` has to copy, copied."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.e2e.clients import cases, installs
from tests.e2e.clients.cases import Case
from tests.e2e.clients.interpreter import Interpreter, interpreter
from tests.e2e.clients.pages import SETUP, block, headings
from tests.e2e.clients.running import Bridge
from tests.e2e.stack import KEY

PAGE = "langchain.md"

# The first one may install the client.
pytestmark = [pytest.mark.asyncio(loop_scope="package"), pytest.mark.timeout(400)]

CASES = {
    "Ask": Case(r"Ahoy, harbour!\nTrue\n", cases.HELLO),
    "Stream": Case(r"Once upon a time\.\n", cases.STORY),
    "Tools": Case(r"1\.4 m\.\n", cases.BERGEN, turns=2),
    "Structured output": Case("name='Anna' masts=3\n", cases.ANNA, turns=2),
    "Structured output by a call": Case(
        "name='Nixe' oars=2\n", {"The Nixe": ['{"name": "Boat", "arguments": {"name": "Nixe", "oars": 2}}']}
    ),
    "Pictures and documents": Case(r".* a picture of 16 by 12 pixels, .* notes\.pdf has \d+ bytes.*\n"),
    "By responses": Case(r"A halyard\.\nA sheet\.\n", cases.ROPES, turns=2),
    "Retries": Case(r"True\n", cases.REPORT),
    "Tools by responses": Case(
        r"7 m\.\n", {"the water in Oslo": [cases.CALL % ("read_depth", "Oslo"), "7 m."]}, turns=2
    ),
}


@pytest_asyncio.fixture(scope="module", loop_scope="package")
async def langchain(folder: Path) -> AsyncIterator[Interpreter]:
    async with interpreter(installs.environment(PAGE) / "python", folder) as found:
        yield found


@pytest.mark.parametrize("heading", headings(PAGE, "python"))
async def test_what_the_page_says_is_so(bridge: Bridge, langchain: Interpreter, heading: str) -> None:
    case = CASES[heading]
    case.prepare(bridge)
    setup, example = (block(PAGE, name, "python").at(bridge.tap.url, KEY) for name in (SETUP, heading))

    printed = await langchain.run(setup, example)

    case.check(bridge, printed)


async def test_what_was_kept_is_not_said_again(bridge: Bridge, langchain: Interpreter) -> None:
    CASES["By responses"].prepare(bridge)

    await langchain.run(block(PAGE, "By responses", "python").at(bridge.tap.url, KEY))

    one, two = bridge.tap.asked("POST", "/v1/responses")
    assert "previous_response_id" not in one.said
    assert two.said["previous_response_id"]
    assert len(two.said["input"]) == 1
    assert len({turn.conversation_id for turn in bridge.simulator.ledger.submissions}) == 1


async def test_a_refusal_and_an_error_are_raised(bridge: Bridge, langchain: Interpreter) -> None:
    bridge.simulator.add_script("a secret", ["I cannot speak of it."], repeat=True)
    bridge.simulator.add_script("what is forbidden", [{"scenario": {"fault": "policy"}}])
    setup = block(PAGE, SETUP, "python").at(bridge.tap.url, KEY)
    example = """
from pydantic import BaseModel
class Ship(BaseModel):
    name: str
for asked, words in ((model.with_structured_output(Ship), "What of a secret?"), (model, "Say what is forbidden.")):
    try:
        asked.invoke(words)
    except Exception as error:
        print(type(error).__name__, str(error).split(".")[0])
"""

    printed = await langchain.run(setup, example)

    assert printed == (
        "OpenAIRefusalError I cannot speak of it\n"
        "OpenAIInvalidRequestError Error code: 400 - Upstream's policy refuses this content\n"
    )


async def test_usage_comes_with_streams_that_ask_for_it(bridge: Bridge, langchain: Interpreter) -> None:
    setup = block(PAGE, SETUP, "python").at(bridge.tap.url, KEY)
    example = """
for usage in (True, False):
    chunks = list(model.stream("Hello", stream_usage=usage))
    print(any(chunk.usage_metadata for chunk in chunks))
"""

    assert await langchain.run(setup, example) == "True\nFalse\n"
