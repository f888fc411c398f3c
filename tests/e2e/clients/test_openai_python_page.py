"""What `docs/clients/openai-python.md` has to copy, copied."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.e2e.clients import cases
from tests.e2e.clients.cases import Case
from tests.e2e.clients.interpreter import Interpreter, interpreter
from tests.e2e.clients.pages import SETUP, block, headings
from tests.e2e.clients.running import Bridge
from tests.e2e.stack import KEY

PAGE = "openai-python.md"

pytestmark = [pytest.mark.asyncio(loop_scope="package"), pytest.mark.timeout(120)]


CASES = {
    "Chat": Case(r"Ahoy, harbour!\n", cases.HELLO),
    "Stream": Case(r"Once upon a time\.\nabout \d+ tokens\n", cases.STORY),
    "Several at once": Case(
        r"The front\.\nThe back\.\n", {"What is a bow?": ["The front."], "What is a stern?": ["The back."]}, turns=2
    ),
    "Tools": Case(r"1\.4 m\.\n", cases.BERGEN, turns=2),
    "Tools in a stream": Case(
        r"I will read it\.\nharbour='Stavanger'\n",
        {"in Stavanger": ["I will read it.\n\n" + cases.CALL % ("ReadTide", "Stavanger")]},
    ),
    "Structured output": Case("name='Anna' masts=3\n", cases.ANNA, turns=2),
    "Pictures and documents in a chat": Case(cases.LOOKED),
    "Responses": Case(r"A halyard\.\nA sheet\.\n", cases.ROPES, turns=2),
    "Responses in a stream": Case(
        r"""\{"name": "bowline", "uses": \["a loop"\]\}\nbowline \['a loop'\]\n""", cases.KNOT
    ),
    "In the background": Case(r"queued\nTwice a day\.\n", cases.TIDES),
    "Attach again": Case(r"It is round, and far away\.", cases.MOON),
    "Conversations": Case(cases.TALKED, cases.HALYARD, turns=2),
    "Pictures": Case(r"([0-9a-f]{32}\n){2}", turns=2),
    "Previews of a picture": Case(r"(image_generation\.partial_image True\n){1,2}image_generation\.completed True\n"),
    "Changing pictures": Case(cases.LINK),
    "Files": Case(cases.READ.replace("true", "True"), turns=2),
    "Errors": Case(cases.REFUSED, cases.FORBIDDEN, turns=0),
    "Retries": Case(r"True\n", cases.REPORT),
    "Who answered": Case(r"plus A sailor\.\n", cases.WHO),
}


@pytest_asyncio.fixture(scope="module", loop_scope="package")
async def python(folder: Path) -> AsyncIterator[Interpreter]:
    async with interpreter(Path(sys.executable), folder) as found:
        yield found


@pytest.mark.parametrize("heading", headings(PAGE, "python"))
async def test_what_the_page_says_is_so(bridge: Bridge, python: Interpreter, heading: str) -> None:
    case = CASES[heading]
    case.prepare(bridge)
    setup, example = (block(PAGE, name, "python").at(bridge.tap.url, KEY) for name in (SETUP, heading))

    printed = await python.run(setup, example)

    case.check(bridge, printed)


async def test_a_program_without_a_word_about_the_bridge_needs_no_change(bridge: Bridge, folder: Path) -> None:
    exports = block(PAGE, SETUP, "sh").at(bridge.tap.url, KEY)
    program = "import openai; print(openai.OpenAI().models.list().data[0].id)"
    child = await asyncio.create_subprocess_exec(
        "sh", "-c", f"{exports}\nexec '{sys.executable}' -c '{program}'", cwd=folder, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await asyncio.wait_for(child.communicate(), 50)

    assert printed == b"auto\n"
