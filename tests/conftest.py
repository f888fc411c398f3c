"""What every test shares."""

from __future__ import annotations

import os

import pytest

pytest_plugins = ["tests.fixtures.temporal", "tests.fixtures.durable"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell what tests have measured: their property `figures`, which is in every other report as well."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.getreports(kind)]
    told = [(report.nodeid, value) for report in reports for name, value in report.user_properties if name == "figures"]
    if told:
        terminalreporter.section("figures")
    for nodeid, value in dict(told).items():
        terminalreporter.line(f"{nodeid}: {value}")


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the person who runs the tests reaches a test."""
    for name in list(os.environ):
        if name.startswith("CHATGPT_") and name != "CHATGPT_TEMPORAL_CLI":
            monkeypatch.delenv(name)
