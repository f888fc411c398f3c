"""The rooms are ours: each top-level name resolves to this tree, and every list of rooms names the same ones."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def packaged() -> list[str]:
    """What the wheel holds."""
    names: list[str] = project()["tool"]["hatch"]["build"]["only-include"]
    return names


def rooms() -> set[str]:
    """The top-level packages of the checkout."""
    return {path.parent.name for path in ROOT.glob("*/__init__.py") if path.parent.name != "tests"}


@pytest.mark.parametrize("name", [name.removesuffix(".py") for name in packaged()])
def test_a_top_level_name_is_ours_even_in_a_folder_of_decoys(name: str, tmp_path: Path) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("raise RuntimeError('a decoy was imported')\n")
    code = f"import importlib; print(importlib.import_module({name!r}).__file__)"
    found = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    ).stdout.strip()
    assert Path(found) in (ROOT / name / "__init__.py", ROOT / f"{name}.py")


def test_every_room_is_in_every_list() -> None:
    tool = project()["tool"]
    assert {name for name in packaged() if not name.endswith(".py")} == rooms()
    assert set(tool["mypy"]["packages"]) == rooms()
    assert set(tool["importlinter"]["root_packages"]) == rooms()
    assert set(tool["ruff"]["lint"]["isort"]["known-first-party"]) == rooms()


def test_no_room_is_empty() -> None:
    for room in rooms():
        assert [path for path in (ROOT / room).rglob("*.py") if path.name != "__init__.py"], f"{room} holds nothing"
