"""opencode, set up as its page says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.clients.conftest import Bench, Sit
from tests.clients.models import call
from tests.fakes.upstream import png

PATHS = {"opencode.json": "/v1/chat/completions", "responses.json": "/v1/responses"}


async def begun(sit: Sit, config: str = "opencode.json") -> Bench:
    """opencode in a project with a bug."""
    bench = await sit("opencode")
    bench.desk.lay(config, "project/opencode.json")
    (bench.desk.project / "calc.py").write_text("print(2 - 2)\n")
    return bench


def job(file: Path) -> list[str]:
    """The steps of a model that mends a file."""
    return [
        call("read", filePath=str(file)),
        call("edit", filePath=str(file), oldString="2 - 2", newString="2 + 2"),
        call("bash", command="python3 calc.py", description="Run it"),
        "It subtracted; now it prints 4.",
    ]


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("config", PATHS)
async def test_a_job_of_many_steps_is_done_and_its_title_costs_nothing(sit: Sit, config: str) -> None:
    bench = await begun(sit, config)
    file = bench.desk.project / "calc.py"
    bench.simulator.add_script("Fix the bug in calc.py", job(file))

    ran = await bench.desk.run("offline", "key", "job", seconds=120)

    assert ran.status == 0, ran.trouble
    assert file.read_text() == "print(2 + 2)\n"
    assert "now it prints 4." in ran.out
    asked = bench.asked(PATHS[config])
    (title,) = [one for one in asked if not one.body.get("tools")]
    assert b"Fix the bug in calc.py and run it" in title.said
    assert (bench.turns, len(asked)) == (4, 5)
    # What was run was said to the model.
    assert json.dumps("4\n")[1:-1] in json.dumps(asked[-1].body)


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_a_session_goes_on(sit: Sit) -> None:
    bench = await begun(sit)
    steps = job(bench.desk.project / "calc.py")
    bench.simulator.add_script("Fix the bug in calc.py", [*steps, "A minus became a plus."])

    await bench.desk.run("offline", "key", "job", seconds=80)
    ran = await bench.desk.run("offline", "key", "resume", seconds=80)

    assert ran.status == 0, ran.trouble
    assert "A minus became a plus." in ran.out
    assert bench.turns == 5
    assert "now it prints 4." in json.dumps(bench.asked(PATHS["opencode.json"])[-1].body["messages"])


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_files_are_seen(sit: Sit) -> None:
    bench = await begun(sit)
    (bench.desk.project / "photo.png").write_bytes(png())
    (bench.desk.project / "report.pdf").write_bytes(b"%PDF-1.4\n%%EOF\n")
    (bench.desk.project / "notes.txt").write_text("The boat leaks.\n")

    ran = await bench.desk.run("offline", "key", "files", seconds=80)

    assert ran.status == 0, ran.trouble
    assert "16 by 12 pixels" in ran.out
    assert "report.pdf" in ran.out
    assert "The boat leaks." in json.dumps(bench.asked(PATHS["opencode.json"])[-1].body["messages"])
    # The picture of the title call goes nowhere.
    assert bench.simulator.ledger.by_route["POST /backend-api/files"] == 2
    assert bench.turns == 1
