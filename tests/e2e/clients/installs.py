"""Clients, installed by the very line that their page has."""

from __future__ import annotations

from pathlib import Path

from tests.clients.installing import install, programs
from tests.e2e.clients.pages import block

INSTALL = "Install"
"""The heading of the line that installs a client."""


def environment(page: str) -> Path:
    """The folder with the programs of what a page installs."""
    return programs(packages(page))


def packages(page: str) -> Path:
    """The folder of what a page installs."""
    return install(block(page, INSTALL, "sh").text)
