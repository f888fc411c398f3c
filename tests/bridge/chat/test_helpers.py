"""Calls that agents make for themselves are known by their exact words, and nothing else is taken for one."""

from __future__ import annotations

import json

import pytest

from bridge.chat.helpers import helper_call
from bridge.chat.order import PLAIN, Form
from bridge.chat.structured import Shape, read_shape
from bridge.chat.tools.offer import Offer, Tool
from bridge.chat.transcript import Said

OPENCODE = Said("system", "You are a title generator. You output ONLY a thread title. Nothing else.\n\n<task>…</task>")
ASKS = Said("user", "Generate a title for this conversation:\n")
CODEX = "Generate a concise, single-line task title of at most 36 characters and under five words where possible."
THREAD = {"x-codex-turn-metadata": json.dumps({"thread_source": "thread_title"})}


def shaped() -> Form:
    shape = read_shape(
        {"type": "json_schema", "name": "title", "schema": {"type": "object"}}, param="text.format", nested=False
    )
    assert isinstance(shape, Shape)
    return Form(shape=shape)


@pytest.mark.parametrize(
    ("words", "title"),
    [
        ('"Mend the boat"', "Mend the boat"),
        ("Fix\nthe   bug", "Fix the bug"),
        (
            "Look at the file that reads the calendar and mend what is wrong with it",
            "Look at the file that reads the calendar and mend…",
        ),
        ("x" * 80, "x" * 49 + "…"),
        ("Called the Read tool with the following input: {}\nImage read successfully\nWhat is it?", "What is it?"),
        ("", "New session"),
    ],
)
def test_opencodes_title_is_made_of_the_users_words(words: str, title: str) -> None:
    found = helper_call((OPENCODE, ASKS, Said("user", words)), PLAIN, {})

    assert found is not None
    assert found.title is not None
    assert found.kind == "title"
    assert found.title.answer == title
    assert len(title) <= 50


def test_codexs_title_is_json_of_the_prompt() -> None:
    said = (Said("user", f"{CODEX}\n\nUser prompt:\nMend the old boat before the winter comes"),)

    found = helper_call(said, shaped(), THREAD)

    assert found is not None
    assert found.title is not None
    assert json.loads(found.title.answer) == {"title": "Mend the old boat before the winter…"}


@pytest.mark.parametrize(
    "said",
    [
        (
            Said(
                "system",
                "You are a context summarization agent. You are given a conversation between a user and an agent. …",
            ),
            Said("user", "Here is the conversation so far:"),
        ),
        (Said("user", "Mend it"), Said("user", "You are performing a CONTEXT CHECKPOINT COMPACTION. Create a handoff")),
        (Said("system", "*Briefly* summarize this partial conversation about programming.\n…"), Said("user", "# USER")),
    ],
)
def test_a_summary_is_work_for_a_model(said: tuple[Said, ...]) -> None:
    found = helper_call(said, PLAIN, {})

    assert found is not None
    assert (found.kind, found.title) == ("summary", None)


def test_a_commit_message_is_work_for_a_model() -> None:
    prompt = "You are an expert software engineer that generates concise, one-line Git commit messages based on …"

    found = helper_call((Said("system", prompt), Said("user", "diff --git")), PLAIN, {})

    assert found is not None
    assert (found.kind, found.title) == ("commit", None)


@pytest.mark.parametrize(
    ("said", "form", "told"),
    [
        ((OPENCODE, ASKS, Said("user", "Hi")), Form(offer=Offer(tools=(Tool("read"),))), {}),
        ((OPENCODE, Said("user", "Hi")), PLAIN, {}),
        ((OPENCODE, Said("user", "What does this prompt do?"), Said("user", "Hi")), PLAIN, {}),
        ((Said("user", OPENCODE.text), ASKS, Said("user", "Hi")), PLAIN, {}),
        ((Said("user", CODEX),), shaped(), {}),
        ((Said("user", CODEX),), PLAIN, THREAD),
        ((Said("user", CODEX),), shaped(), {"x-codex-turn-metadata": "[" * 100_000}),
        ((Said("user", "Hi"),), shaped(), THREAD),
        ((), PLAIN, {}),
    ],
)
def test_nothing_else_is_taken_for_one(said: tuple[Said, ...], form: Form, told: dict[str, str]) -> None:
    assert helper_call(said, form, told) is None
