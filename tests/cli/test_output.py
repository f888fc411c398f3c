from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cli import output


def test_fields_are_lines_and_none_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    output.fields(account="me", saved=True, gone=None, failed=["a", "b"], nothing=[])
    assert capsys.readouterr() == ("account=me\nsaved=yes\nfailed=a, b\nnothing=-\n", "")


def test_values_are_words(capsys: pytest.CaptureFixture[str]) -> None:
    at = datetime(2030, 1, 2, 3, 4, 5, 600_000, tzinfo=UTC)
    output.fields(left=200.0, part=0.25, at=at, sizes={"a": 5.0, "b": True}, none={}, many=[5.0, None])
    assert capsys.readouterr().out.splitlines() == [
        "left=200",
        "part=0.25",
        "at=2030-01-02T03:04:05+00:00",
        "sizes=a=5, b=yes",
        "none=-",
        "many=5, None",
    ]


def test_data_is_sorted_json_with_literal_letters(capsys: pytest.CaptureFixture[str]) -> None:
    output.data({"b": "ü", "a": 1})
    assert capsys.readouterr().out == '{\n  "a": 1,\n  "b": "ü"\n}\n'


def test_a_failure_says_what_whose_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    output.failure("it is taken", code="port_in_use", fault="configuration", action="Choose another.")
    assert capsys.readouterr() == (
        "",
        "error: it is taken [port_in_use; at fault: the configuration]\nwhat to do: Choose another.\n",
    )


def test_progress_without_a_terminal_is_a_line_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("cli.output.time.monotonic", lambda: now[0])
    with output.Progress("Building") as progress:
        for now[0] in (101.0, 116.0, 117.0, 131.5):
            progress.tick()
    assert capsys.readouterr() == ("", "Building ...\nBuilding ... 16 s\nBuilding ... 32 s\n")
