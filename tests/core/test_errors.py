"""The error tree: one code a class, and every class says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import BridgeError, Fault, error_class, error_codes

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("code", sorted(error_codes()))
def test_every_error_says_whose_fault_it_is_and_what_to_do(code: str) -> None:
    error = error_codes()[code]

    assert isinstance(error.fault, Fault)
    assert error.action.endswith(".")
    assert error.__doc__


def test_a_code_leads_back_to_its_class() -> None:
    assert all(error_class(code) is error for code, error in error_codes().items())
    assert error_class("of_another_version") is None


def test_a_code_cannot_be_taken_twice() -> None:
    with pytest.raises(TypeError, match="not_found"):
        type("AnotherError", (BridgeError,), {"code": "not_found"})


def test_upstreams_words_are_bounded() -> None:
    error = error_codes()["upstream_error"]("broken", upstream_text="x" * 5000)

    assert error.upstream_text == "x" * 2000


@pytest.mark.parametrize("code", sorted(error_codes()))
def test_every_code_is_documented(code: str) -> None:
    assert f"`{code}`" in (ROOT / "docs" / "errors.md").read_text()
