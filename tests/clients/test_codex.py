"""Codex, set up as its page says."""

from __future__ import annotations

import json

import pytest

from tests.clients.conftest import Sit
from tests.clients.models import call
from tests.clients.setups import MENDED, add_picture, codex, file

RESPONSES = "/v1/responses"
PATCH = """apply_patch <<'END'
*** Begin Patch
*** Update File: calc.py
@@
-print(2 - 2)
+print(2 + 2)
*** End Patch
END"""
EDITS = {"sed": "sed -i 's/2 - 2/2 + 2/' calc.py", "apply_patch": PATCH}


def job(edit: str) -> list[str]:
    """The steps of a model that mends a file."""
    return [
        call("exec_command", cmd="cat calc.py"),
        call("exec_command", cmd=edit),
        call("exec_command", cmd="python3 calc.py"),
        "It subtracted; now it prints 4.",
    ]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("edit", EDITS)
async def test_a_job_of_many_steps_is_done(sit: Sit, edit: str) -> None:
    bench = await codex(sit)
    bench.simulator.add_script("Fix the bug in calc.py", job(EDITS[edit]))

    ran = await bench.desk.run("key", "job")

    assert ran.status == 0, ran.trouble
    assert file(bench).read_text() == MENDED
    assert "now it prints 4." in ran.out
    assert (bench.turns, len(bench.asked(RESPONSES))) == (4, 4)
    assert "metadata" not in ran.out + ran.trouble


@pytest.mark.timeout(120)
async def test_a_session_goes_on(sit: Sit) -> None:
    bench = await codex(sit)
    bench.simulator.add_script("Fix the bug in calc.py", [*job(EDITS["sed"]), "A minus became a plus."])

    await bench.desk.run("key", "job")
    ran = await bench.desk.run("key", "resume")

    assert "A minus became a plus." in ran.out
    assert bench.turns == 5
    assert "now it prints 4." in json.dumps(bench.asked(RESPONSES)[-1].said["input"])


@pytest.mark.timeout(120)
async def test_an_answer_has_the_shape_that_is_asked_for(sit: Sit) -> None:
    bench = await codex(sit)
    bench.desk.lay("schema.json")
    bench.simulator.add_script("Who wrote Faust", ['{"name": "Goethe", "year": 1808}'])

    ran = await bench.desk.run("key", "schema")

    assert ran.status == 0, ran.trouble
    assert json.loads((bench.desk.project / "answer.json").read_text()) == {"name": "Goethe", "year": 1808}
    assert bench.turns == 1


@pytest.mark.timeout(120)
async def test_a_picture_is_seen(sit: Sit) -> None:
    bench = await codex(sit)
    add_picture(bench)

    ran = await bench.desk.run("key", "picture")

    assert ran.status == 0, ran.trouble
    assert "16 by 12 pixels" in ran.out
    assert bench.turns == 1
