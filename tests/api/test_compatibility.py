"""docs/compatibility.md tells what the code does, and leaves out nothing that OpenAI's own client can send."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from openai.types.chat.completion_create_params import CompletionCreateParamsBase, CompletionCreateParamsStreaming
from openai.types.responses.response_create_params import ResponseCreateParamsBase, ResponseCreateParamsStreaming

from api.chat.fields import FIELDS as CHAT
from api.chat.schemas import ChatRequest
from api.effects import Effect, Field
from api.responses.fields import FIELDS as RESPONSES
from api.responses.schemas import ResponseBody
from api.unoffered import UNOFFERED

DOCUMENT = (Path(__file__).parents[2] / "docs" / "compatibility.md").read_text("utf-8")
_ROW = re.compile(r"^\| `(?P<name>[^`]+)` \| (?P<first>[^|]*) \| ?(?P<second>[^|]*) ?\|$", re.MULTILINE)


def rows(heading: str) -> dict[str, tuple[str, str]]:
    """The table behind a heading, by its first column."""
    section = DOCUMENT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return {row["name"]: (row["first"], row["second"].strip()) for row in _ROW.finditer(section)}


@pytest.mark.parametrize(("heading", "fields"), [("Chat Completions", CHAT), ("Responses", RESPONSES)])
def test_the_tables_are_the_codes(heading: str, fields: Mapping[str, Field]) -> None:
    assert rows(heading) == {name: (field.effect.value, field.note) for name, field in fields.items()}


def test_what_is_not_offered_is_told() -> None:
    assert rows("Routes") == UNOFFERED


@pytest.mark.parametrize(
    ("fields", "kinds"),
    [
        (CHAT, (CompletionCreateParamsBase, CompletionCreateParamsStreaming)),
        (RESPONSES, (ResponseCreateParamsBase, ResponseCreateParamsStreaming)),
    ],
    ids=["chat", "responses"],
)
def test_every_field_of_the_vendors_client_is_listed(fields: Mapping[str, Field], kinds: tuple[type, ...]) -> None:
    assert set(fields) == {name for kind in kinds for name in kind.__annotations__}


@pytest.mark.parametrize(("fields", "model"), [(CHAT, ChatRequest), (RESPONSES, ResponseBody)])
def test_what_is_honoured_or_emulated_is_read(
    fields: Mapping[str, Field], model: type[ChatRequest] | type[ResponseBody]
) -> None:
    served = {name for name, field in fields.items() if field.effect in (Effect.HONOURED, Effect.EMULATED)}

    assert served <= set(model.model_fields)
