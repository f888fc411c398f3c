"""aider, set up as its page says."""

from __future__ import annotations

import pytest

from tests.clients.conftest import Sit
from tests.clients.setups import MENDED, add_picture, aider, file

CHAT = "/v1/chat/completions"
WHOLE = f"calc.py\n```\n{MENDED}```\n"
COMMITS = "concise, one-line Git commit messages"


@pytest.mark.timeout(120)
async def test_a_file_is_edited_and_the_commit_has_words(sit: Sit) -> None:
    bench = await aider(sit)
    bench.simulator.add_script(COMMITS, ["fix: add instead of subtracting"])
    bench.simulator.add_script("Fix the bug in calc.py", [f"It subtracted.\n\n{WHOLE}"])

    ran = await bench.desk.run("offline", "key", "job")

    assert ran.status == 0, ran.trouble
    assert file(bench).read_text() == MENDED
    assert (await bench.desk.shell("git log -1 --format=%s")).out == "fix: add instead of subtracting\n"
    assert (bench.turns, len(bench.asked(CHAT))) == (2, 2)


@pytest.mark.timeout(120)
async def test_a_picture_is_seen(sit: Sit) -> None:
    bench = await aider(sit)
    bench.desk.lay(".aider.model.metadata.json")
    add_picture(bench)

    ran = await bench.desk.run("offline", "key", "picture")
    assert ran.status == 0, ran.trouble
    assert bench.simulator.ledger.by_route["POST /backend-api/files/{id}/uploaded"] == 1
    assert bench.turns == 1
