"""What every test shares."""

from __future__ import annotations

import os

import pytest

pytest_plugins = ["tests.fixtures.temporal", "tests.fixtures.durable"]


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the person who runs the tests reaches a test."""
    for name in list(os.environ):
        if name.startswith("CHATGPT_") and name != "CHATGPT_TEMPORAL_CLI":
            monkeypatch.delenv(name)
