"""Each client set up as its page says, in a project that it can work on."""

from __future__ import annotations

from pathlib import Path

from tests.clients.conftest import Bench, Sit
from tests.fakes.upstream import png

BUG = "print(2 - 2)\n"
MENDED = "print(2 + 2)\n"


async def opencode(sit: Sit, config: str = "opencode.json", **environment: str) -> Bench:
    """opencode in a project with a bug."""
    bench = await sit("opencode", **environment)
    bench.desk.lay(config, "project/opencode.json")
    _with_bug(bench)
    return bench


async def codex(sit: Sit, **environment: str) -> Bench:
    """Codex in a project with a bug."""
    bench = await sit("codex", **environment)
    made = await bench.desk.run("catalogue")
    assert made.status == 0, made.trouble
    bench.desk.lay("config.toml", ".codex/config.toml")
    _with_bug(bench)
    return bench


async def aider(sit: Sit, **environment: str) -> Bench:
    """aider in a repository with a bug."""
    bench = await sit("aider", **environment)
    bench.desk.lay(".aider.conf.yml")
    _with_bug(bench)
    made = await bench.desk.shell(
        "git init -q; git config user.name Ada; git config user.email ada@example.com; git add .; git commit -qm Begin"
    )
    assert made.status == 0, made.trouble
    return bench


async def vercel(sit: Sit, *, whole: bool = False, **environment: str) -> Bench:
    """A project with the page's scripts in it."""
    bench = await sit("vercel-ai", whole=whole, **environment)
    for block in bench.desk.page.blocks:
        if block.endswith(".mjs"):
            bench.desk.lay(block)
    (bench.desk.project / "node_modules").symlink_to(bench.desk.client / "node_modules")
    return bench


def file(bench: Bench) -> Path:
    """What has the bug."""
    return bench.desk.project / "calc.py"


def add_picture(bench: Bench) -> None:
    """A picture of 16 by 12 pixels, under the name that the pages give it."""
    (bench.desk.project / "photo.png").write_bytes(png())


def _with_bug(bench: Bench) -> None:
    file(bench).write_text(BUG)
