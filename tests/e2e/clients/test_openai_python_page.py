"""What `docs/clients/openai-python.md` has to copy, copied."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.e2e.clients.interpreter import Interpreter, interpreter
from tests.e2e.clients.pages import SETUP, block, headings
from tests.e2e.clients.running import Bridge
from tests.e2e.stack import KEY

PAGE = "openai-python.md"

pytestmark = pytest.mark.asyncio(loop_scope="package")


@dataclass(frozen=True)
class Case:
    """What a block comes to.

    Attributes:
        prints: a pattern for all that is printed.
        says: what upstream says to whom, by words of the request.
        turns: how many turns upstream is asked for.
    """

    prints: str
    says: dict[str, Sequence[Any]] = field(default_factory=dict)
    turns: int = 1


CASES = {
    "Chat": Case(r"Ahoy, harbour!\n", {"Say hello to the harbour.": ["Ahoy, harbour!"]}),
    "Stream": Case(r"Once upon a time\.\nabout \d+ tokens\n", {"Tell me a story": ["Once upon a time."]}),
    "Several at once": Case(
        r"The front\.\nThe back\.\n", {"What is a bow?": ["The front."], "What is a stern?": ["The back."]}, turns=2
    ),
    "Tools": Case(
        r"1\.4 m\.\n",
        {"the tide in Bergen": ['{"name": "read_tide", "arguments": {"harbour": "Bergen"}}', "1.4 m."]},
        turns=2,
    ),
    "Tools in a stream": Case(
        r"I will read it\.\nharbour='Stavanger'\n",
        {"in Stavanger": ['I will read it.\n\n{"name": "ReadTide", "arguments": {"harbour": "Stavanger"}}']},
    ),
    "Structured output": Case(
        "name='Anna' masts=3\n",
        {"The Anna has": ['Two.\n{"name": "Anna", "masts": "two"}', '{"name": "Anna", "masts": 3}']},
        turns=2,
    ),
    "Pictures and documents in a chat": Case(r".* 16 by 12 pixels, .* notes\.txt has 26 bytes .*\n"),
    "Responses": Case(r"A halyard\.\nA sheet\.\n", {"Name a rope": ["A halyard.", "A sheet."]}, turns=2),
    "Responses in a stream": Case(
        r"""\{"name": "bowline", "uses": \["a loop"\]\}\nbowline \['a loop'\]\n""",
        {"the bowline": ['{"name": "bowline", "uses": ["a loop"]}']},
    ),
    "In the background": Case(r"queued\nTwice a day\.\n", {"a report about tides": ["Twice a day."]}),
    "Attach again": Case(
        r"It is round, and far away\.",
        {"about the moon": [{"text": "It is round, and far away.", "scenario": {"deltas": 6, "pace": 200}}]},
    ),
    "Conversations": Case(
        r"user What is a halyard\?\nassistant It hoists\.\nuser And a sheet\?\nassistant It trims\.\n",
        {"a halyard": ["It hoists.", "It trims."]},
        turns=2,
    ),
    "Pictures": Case(r"([0-9a-f]{32}\n){2}", turns=2),
    "Previews of a picture": Case(r"(image_generation\.partial_image True\n){1,2}image_generation\.completed True\n"),
    "Changing pictures": Case(r"http://127\.0\.0\.1:\d+/\S+\n"),
    "Files": Case(r"(.* notes\.txt has 26 bytes .*\n){2}The harbour opens at six\.\n\nTrue\n", turns=2),
    "Errors": Case(
        r"BadRequestError 400 content_policy_violation\nChange the request's content\.\n",
        {"what is forbidden": [{"scenario": {"fault": "policy"}}]},
        turns=0,
    ),
    "Retries": Case(r"True\n", {"the harbour's report": ["All calm."]}),
    "Who answered": Case(r"plus A sailor\.\n", {"Who are you?": ["A sailor."]}),
}


@pytest_asyncio.fixture(scope="module", loop_scope="package")
async def python(folder: Path) -> AsyncIterator[Interpreter]:
    async with interpreter(Path(sys.executable), folder) as found:
        yield found


@pytest.mark.parametrize("heading", headings(PAGE, "python"))
async def test_what_the_page_says_is_so(bridge: Bridge, python: Interpreter, heading: str) -> None:
    case = CASES[heading]
    for when, says in case.says.items():
        bridge.simulator.add_script(when, says)
    bridge.simulator.add_rule(path="*/f/conversation", times=0, scenario={"previews": 2, "pixels": 64})
    setup, example = (block(PAGE, name, "python").at(bridge.tap.url, KEY) for name in (SETUP, heading))

    printed = await python.run(setup, example)

    assert re.fullmatch(case.prints, printed), printed
    assert bridge.turns == case.turns


async def test_a_program_without_a_word_about_the_bridge_needs_no_change(bridge: Bridge, folder: Path) -> None:
    exports = block(PAGE, SETUP, "sh").at(bridge.tap.url, KEY)
    program = "import openai; print(openai.OpenAI().models.list().data[0].id)"
    child = await asyncio.create_subprocess_exec(
        "sh", "-c", f"{exports}\nexec '{sys.executable}' -c '{program}'", cwd=folder, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await asyncio.wait_for(child.communicate(), 50)

    assert printed == b"auto\n"
