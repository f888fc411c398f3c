"""What `docs/clients/openai-node.md` has to copy, copied."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.clients import cases
from tests.e2e.clients.cases import Case
from tests.e2e.clients.module import node
from tests.e2e.clients.pages import SETUP, block, headings
from tests.e2e.clients.running import Bridge
from tests.e2e.stack import KEY

PAGE = "openai-node.md"

# The first one may install the client.
pytestmark = [pytest.mark.asyncio(loop_scope="package"), pytest.mark.timeout(400)]

CASES = {
    "Chat": Case(r"Ahoy, harbour!\n", cases.HELLO),
    "Stream": Case(r"Once upon a time\.\nabout \d+ tokens\n", cases.STORY),
    "Stream by events": Case(r"Once upon a time\.\nstop\n", cases.STORY),
    "Tools": Case(r"1\.4 m\.\n", cases.BERGEN, turns=2),
    "Structured output": Case(r"\{ name: 'Anna', masts: 3 \}\n", cases.ANNA, turns=2),
    "Pictures and documents in a chat": Case(cases.LOOKED),
    "Responses": Case(r"A halyard\.\nA sheet\.\n", cases.ROPES, turns=2),
    "Responses in a stream": Case(
        r"""\{"name": "bowline", "uses": \["a loop"\]\}\n\{ name: 'bowline', uses: \[ 'a loop' \] \}\n""", cases.KNOT
    ),
    "In the background": Case(r"queued\nTwice a day\.\n", cases.TIDES),
    "Attach again": Case(r"It is round, and far away\.", cases.MOON),
    "Stop it": Case(r"cancelled\n", cases.STARS, turns=None),
    "Conversations": Case(cases.TALKED, cases.HALYARD, turns=2),
    "Pictures": Case(r"([0-9a-f]{32}\n){2}", turns=2),
    "Previews of a picture": Case(r"(image_generation\.partial_image true\n){1,2}image_generation\.completed true\n"),
    "Changing pictures": Case(cases.LINK),
    "Files": Case(cases.READ, turns=2),
    "Errors": Case(cases.REFUSED, cases.FORBIDDEN, turns=0),
    "Retries": Case(r"true\n", cases.REPORT),
    "Who answered": Case(r"plus A sailor\.\n", cases.WHO),
}


@pytest.mark.parametrize("heading", headings(PAGE, "js"))
async def test_what_the_page_says_is_so(bridge: Bridge, node_folder: Path, heading: str) -> None:
    case = CASES[heading]
    case.prepare(bridge)
    setup, example = (block(PAGE, name, "js").at(bridge.tap.url, KEY) for name in (SETUP, heading))

    printed = await node(node_folder, f"{setup}\n{example}", "")

    case.check(bridge, printed)


async def test_a_program_without_a_word_about_the_bridge_needs_no_change(bridge: Bridge, node_folder: Path) -> None:
    program = 'import OpenAI from "openai"; console.log((await new OpenAI().models.list()).data[0].id);'

    printed = await node(node_folder, program, block(PAGE, SETUP, "sh").at(bridge.tap.url, KEY))

    assert printed == "auto\n"
