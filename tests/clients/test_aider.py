"""aider, set up as its page says."""

from __future__ import annotations

import pytest

from tests.clients.conftest import Bench, Sit
from tests.fakes.upstream import png

CHAT = "/v1/chat/completions"
MENDED = "calc.py\n```\nprint(2 + 2)\n```\n"
COMMITS = "concise, one-line Git commit messages"


async def begun(sit: Sit) -> Bench:
    """aider in a repository with a bug."""
    bench = await sit("aider")
    bench.desk.lay(".aider.conf.yml")
    (bench.desk.project / "calc.py").write_text("print(2 - 2)\n")
    made = await bench.desk.shell(
        "git init -q; git config user.name Ada; git config user.email ada@example.com; git add .; git commit -qm Begin"
    )
    assert made.status == 0, made.trouble
    return bench


@pytest.mark.timeout(120)
async def test_a_file_is_edited_and_the_commit_has_words(sit: Sit) -> None:
    bench = await begun(sit)
    bench.simulator.add_script(COMMITS, ["fix: add instead of subtracting"])
    bench.simulator.add_script("Fix the bug in calc.py", [f"It subtracted.\n\n{MENDED}"])

    ran = await bench.desk.run("key", "job")

    assert ran.status == 0, ran.trouble
    assert (bench.desk.project / "calc.py").read_text() == "print(2 + 2)\n"
    assert (await bench.desk.shell("git log -1 --format=%s")).out == "fix: add instead of subtracting\n"
    assert (bench.turns, len(bench.asked(CHAT))) == (2, 2)


@pytest.mark.timeout(120)
async def test_a_picture_is_seen(sit: Sit) -> None:
    bench = await begun(sit)
    bench.desk.lay(".aider.model.metadata.json")
    (bench.desk.project / "photo.png").write_bytes(png())

    ran = await bench.desk.run("key", "picture")
    assert ran.status == 0, ran.trouble
    assert bench.simulator.ledger.by_route["POST /backend-api/files/{id}/uploaded"] == 1
    assert bench.turns == 1
