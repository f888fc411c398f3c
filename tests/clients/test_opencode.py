"""opencode, set up as its page says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.clients.conftest import Sit
from tests.clients.models import call
from tests.clients.setups import MENDED, add_picture, file, opencode

PATHS = {"opencode.json": "/v1/chat/completions", "responses.json": "/v1/responses"}


def job(path: Path) -> list[str]:
    """The steps of a model that mends a file."""
    return [
        call("read", filePath=str(path)),
        call("edit", filePath=str(path), oldString="2 - 2", newString="2 + 2"),
        call("bash", command="python3 calc.py", description="Run it"),
        "It subtracted; now it prints 4.",
    ]


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("config", PATHS)
async def test_a_job_of_many_steps_is_done_and_its_title_costs_nothing(sit: Sit, config: str) -> None:
    bench = await opencode(sit, config)
    bench.simulator.add_script("Fix the bug in calc.py", job(file(bench)))

    ran = await bench.desk.run("offline", "key", "job", seconds=120)

    assert ran.status == 0, ran.trouble
    assert file(bench).read_text() == MENDED
    assert "now it prints 4." in ran.out
    asked = bench.asked(PATHS[config])
    (title,) = [one for one in asked if not one.said.get("tools")]
    assert b"Fix the bug in calc.py and run it" in title.answer
    assert (bench.turns, len(asked)) == (4, 5)
    # What was run was said to the model.
    assert json.dumps("4\n")[1:-1] in json.dumps(asked[-1].said)


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_a_session_goes_on(sit: Sit) -> None:
    bench = await opencode(sit)
    bench.simulator.add_script("Fix the bug in calc.py", [*job(file(bench)), "A minus became a plus."])

    await bench.desk.run("offline", "key", "job", seconds=80)
    ran = await bench.desk.run("offline", "key", "resume", seconds=80)

    assert ran.status == 0, ran.trouble
    assert "A minus became a plus." in ran.out
    assert bench.turns == 5
    assert "now it prints 4." in json.dumps(bench.asked(PATHS["opencode.json"])[-1].said["messages"])


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_files_are_seen(sit: Sit) -> None:
    bench = await opencode(sit)
    add_picture(bench)
    (bench.desk.project / "report.pdf").write_bytes(b"%PDF-1.4\n%%EOF\n")
    (bench.desk.project / "notes.txt").write_text("The boat leaks.\n")

    ran = await bench.desk.run("offline", "key", "files", seconds=80)

    assert ran.status == 0, ran.trouble
    assert "16 by 12 pixels" in ran.out
    assert "report.pdf" in ran.out
    assert "The boat leaks." in json.dumps(bench.asked(PATHS["opencode.json"])[-1].said["messages"])
    # The picture of the title call goes nowhere.
    assert bench.simulator.ledger.by_route["POST /backend-api/files"] == 2
    assert bench.turns == 1
