"""The pages about clients, as far as they can be held against anything without a bridge."""

from __future__ import annotations

import re

import openai
import pytest

from tests.e2e.clients.pages import PAGES, blocks


def test_the_page_about_python_is_about_the_client_that_is_tested() -> None:
    assert f"Tried with {openai.__version__}." in (PAGES / "openai-python.md").read_text()


@pytest.mark.parametrize("page", sorted(path.name for path in PAGES.glob("*.md")))
def test_links_lead_somewhere(page: str) -> None:
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (PAGES / page).read_text())

    assert [target for target in targets if not (PAGES / target).exists()] == []


@pytest.mark.parametrize("page", ["openai-python.md"])
def test_the_same_is_not_copied_twice(page: str) -> None:
    names = [(one.heading, one.kind) for one in blocks(page)]

    assert len(set(names)) == len(names)
