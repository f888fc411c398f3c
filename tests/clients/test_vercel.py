"""Vercel's ai, set up as its page says."""

from __future__ import annotations

import pytest
from PIL import Image

from tests.clients.conftest import Bench, Sit
from tests.clients.models import call
from tests.clients.setups import add_picture, vercel

CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"


async def run(bench: Bench, script: str) -> str:
    """What a script of the page prints."""
    key = bench.desk.page["key"]
    ran = await bench.desk.shell(f"{key}\nnode {script}")
    assert ran.status == 0, ran.trouble
    return ran.out


async def test_a_text_and_its_usage(sit: Sit) -> None:
    bench = await vercel(sit)
    bench.simulator.add_script("Say hello", ["Hello to all of you."])

    said = await run(bench, "text.mjs")

    words, _, tokens = said.strip().rpartition(" ")
    assert words == "Hello to all of you."
    assert int(tokens) > 0


async def test_a_text_as_it_comes(sit: Sit) -> None:
    bench = await vercel(sit)
    bench.simulator.add_script("a short story", ["Once there was a boat."])

    assert await run(bench, "stream.mjs") == "Once there was a boat."


async def test_tools_are_run_until_the_answer(sit: Sit) -> None:
    bench = await vercel(sit)
    bench.simulator.add_script("weather in Lisbon", [call("weather", city="Lisbon"), "Clear, 21 degrees."])

    assert await run(bench, "tools.mjs") == "Clear, 21 degrees. 2\n"

    assert bench.turns == 2
    assert '"sky":"clear"' in bench.asked(CHAT)[1].said["messages"][-1]["content"]


async def test_an_object_has_its_shape(sit: Sit) -> None:
    bench = await vercel(sit)
    bench.simulator.add_script("Who wrote Faust", ['{"name": "Goethe", "year": 1808}'])

    assert await run(bench, "object.mjs") == "Goethe 1808\n"

    assert bench.asked(CHAT)[0].said["response_format"]["type"] == "json_schema"


async def test_a_picture_is_seen(sit: Sit) -> None:
    bench = await vercel(sit)
    add_picture(bench)

    assert "16 by 12 pixels" in await run(bench, "picture.mjs")


@pytest.mark.timeout(90)
async def test_a_picture_is_drawn(sit: Sit) -> None:
    bench = await vercel(sit, whole=True)

    await run(bench, "draw.mjs")

    with Image.open(bench.desk.project / "lighthouse.png") as drawn:
        assert drawn.format == "PNG"
    assert bench.turns == 1


async def test_a_conversation_refers_to_what_was_said(sit: Sit) -> None:
    bench = await vercel(sit)
    bench.simulator.add_script("My name is Ada", ["Hello, Ada.", "Ada."])

    assert await run(bench, "responses.mjs") == "Ada.\n"

    first, second = bench.asked(RESPONSES)
    assert [item["type"] for item in second.said["input"] if "type" in item] == ["item_reference"]
    assert first.status == second.status == 200
