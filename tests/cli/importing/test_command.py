"""`import` as an operator runs it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bridge.vault import Vault
from tests.fakes.original import OlderFolder

Command = Callable[..., Any]
VECTOR = Path(__file__).parents[2] / "vectors" / "capture-curl-bash.txt"
FILE = "c" * 32


@pytest.fixture
def older(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OlderFolder:
    """An older folder with an account, a picture and a row whose file is gone; the working folder is empty."""
    (tmp_path / "new").mkdir()
    monkeypatch.chdir(tmp_path / "new")
    folder = OlderFolder(tmp_path / "older", seen_from="/data")
    folder.add_account("plus", VECTOR.read_text())
    folder.add_picture(FILE, "1-heron.png")
    folder.add_row("d" * 32)
    return folder


def test_it_tells_first_and_takes_when_it_is_told_to(older: OlderFolder, command: Command) -> None:
    before = older.contents()

    shown = command("import", str(older.root))
    assert shown.status == 0, shown.err
    lines = shown.out.splitlines()
    assert lines[0].startswith("would take account plus: ")
    assert lines[1].startswith(f"would take artifact {FILE}: 1-heron.png, ")
    assert lines[2] == f"left out artifact {'d' * 32}: its file is gone"
    assert lines[3] == "would take 1 account(s), 1 file(s); 0 here already, 1 left out"
    assert "--apply" in shown.err
    assert list(Path().iterdir()) == []

    shown = command("import", str(older.root), "--apply")
    assert shown.status == 0, shown.err
    assert shown.out.splitlines()[-1] == "took 1 account(s), 1 file(s); 0 here already, 1 left out"
    assert Vault(Path("secrets/accounts")).read("plus") == VECTOR.read_text()

    shown = command("import", str(older.root), "--apply", "--json")
    found = json.loads(shown.out)
    assert [item["outcome"] for item in found["items"]] == ["have", "have", "skip"]
    assert older.contents() == before


def test_no_secret_of_a_capture_is_shown(older: OlderFolder, command: Command) -> None:
    shown = command("import", str(older.root), "--apply")
    token = VECTOR.read_text().partition("Bearer ")[2].partition("'")[0]
    assert len(token) > 40
    assert token not in shown.out + shown.err
    assert token.rpartition(".")[2] not in shown.out + shown.err


def test_the_same_folder_as_ours_has_everything_already(
    older: OlderFolder, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(older.root)
    capture = (older.accounts / "plus" / "chatgpt-request.txt").read_bytes()
    shown = command("import", ".", "--apply")
    assert shown.status == 0, shown.err
    assert shown.out.startswith("here already account plus")
    assert (older.accounts / "plus" / "chatgpt-request.txt").read_bytes() == capture


def test_a_folder_without_anything_is_refused_with_what_to_do(tmp_path: Path, command: Command) -> None:
    shown = command("import", str(tmp_path))
    assert (shown.status, shown.out) == (2, "")
    assert "import_source_unusable" in shown.err
    assert "secrets/accounts" in shown.err
