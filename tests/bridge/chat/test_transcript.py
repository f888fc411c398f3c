"""Messages as what is said to upstream."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from bridge.build import references
from bridge.chat.tools.offer import ToolCall
from bridge.chat.transcript import Said, opening, read, with_files
from bridge.files.references import Caller, References
from bridge.store.engine import Store
from core.errors import (
    AddressRefusedError,
    CallerError,
    InvalidImageError,
    InvalidRequestError,
    UnsupportedParameterError,
)
from core.settings import InputSettings, load
from tests.fakes.files import library
from tests.fakes.pictures import picture_host
from tests.fakes.upstream import png

DATA_URL = "data:image/jpeg;base64," + base64.b64encode(png()).decode()
ME = Caller("primary")


@pytest.fixture
def pictures(store: Store, tmp_path: Path) -> References:
    """With leave to fetch from this machine."""
    return references(load(InputSettings, fetch_allow=("127.0.0.1",)), library(store, tmp_path))


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def test_roles_and_order_are_kept_and_unknown_roles_speak_as_the_user() -> None:
    said = read(
        [
            {"role": "system", "content": "Be brief."},
            {"role": "developer", "content": "Really."},
            {"role": "assistant", "content": "Yes."},
            user("Why?"),
        ]
    )

    assert [(one.role, one.text) for one in said] == [
        ("system", "Be brief."),
        ("system", "Really."),
        ("assistant", "Yes."),
        ("user", "Why?"),
    ]


def test_messages_without_words_are_left_out() -> None:
    assert read([{"role": "assistant", "content": ""}, {"role": "assistant", "content": None}, user("Hi")]) == (
        Said("user", "Hi"),
    )


def test_a_lone_system_prompt_is_asked_as_a_question() -> None:
    assert read([{"role": "system", "content": "Say hi"}]) == (Said("user", "Say hi"),)


def test_parts_of_text_are_lines() -> None:
    parts = ["one", {"type": "text", "text": "two"}, {"type": "input_text", "text": "three"}]

    assert read([user(parts)])[0].text == "one\ntwo\nthree"


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": DATA_URL}},
        {"type": "image_url", "image_url": DATA_URL},
        {"type": "input_image", "url": DATA_URL},
        {"type": "input_image", "image": DATA_URL},
    ],
)
async def test_a_picture_is_named_and_typed_by_its_bytes(pictures: References, part: dict[str, Any]) -> None:
    said = await with_files(read([user([part, {"type": "text", "text": "What is it?"}])]), pictures, ME)

    (picture,) = said[0].files
    assert (picture.name, picture.mime_type, picture.content) == ("image-1.png", "image/png", png())


async def test_pictures_of_several_messages_keep_their_places(pictures: References) -> None:
    red, teal = (f"data:;base64,{base64.b64encode(png(colour)).decode()}" for colour in ("red", "teal"))
    first = user([{"type": "image_url", "image_url": red}, {"type": "input_image", "image_url": teal}])

    said = await with_files(read([first, user("and"), user([{"type": "image_url", "image_url": red}])]), pictures, ME)

    found = [[(picture.name, picture.content) for picture in one.files] for one in said]
    assert found == [[("image-1.png", png("red")), ("image-2.png", png())], [], [("image-3.png", png("red"))]]


async def test_a_picture_is_fetched_from_its_address(pictures: References) -> None:
    async with picture_host() as host:
        host.shows("/a.png", png())
        said = await with_files(
            read([user([{"type": "image_url", "image_url": {"url": host.url("/a.png")}}])]), pictures, ME
        )

    assert said[0].files[0].content == png()


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("data:image/png;base64,aGVsbG8=", InvalidImageError),
        ("data:image/png;base64,***", InvalidRequestError),
        ("data:image/png", InvalidRequestError),
        ("/etc/passwd", InvalidRequestError),
        ("http://10.0.0.1/a.png", AddressRefusedError),
    ],
)
async def test_what_is_no_picture_names_its_part(pictures: References, url: str, error: type[CallerError]) -> None:
    said = read([user("look"), user([{"type": "image_url", "image_url": url}])])

    with pytest.raises(error) as refusal:
        await with_files(said, pictures, ME)

    assert refusal.value.param == "messages[1].content[0]"


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ({"content": "hi"}, "messages[0].role"),
        ({"role": 3, "content": "hi"}, "messages[0].role"),
        (user(7), "messages[0].content"),
        (user({"type": "text"}), "messages[0].content"),
        (user([3]), "messages[0].content[0]"),
        (user([{"type": "text", "text": 3}]), "messages[0].content[0].text"),
        (user([{"text": "hi"}]), "messages[0].content[0].type"),
        (user([{"type": "image_url"}]), "messages[0].content[0]"),
        (user(""), "messages"),
        (user([{"type": "file", "file": {}}]), "messages[0].content[0]"),
        ({"role": "assistant", "tool_calls": {}}, "messages[0].tool_calls"),
        ({"role": "assistant", "tool_calls": [{}]}, "messages[0].tool_calls[0].function.name"),
        ({"role": "assistant", "function_call": {"name": ""}}, "messages[0].function_call.function.name"),
        (
            {"role": "assistant", "tool_calls": [{"function": {"name": "ls", "arguments": {}}}]},
            "messages[0].tool_calls[0].function.arguments",
        ),
        ({"role": "assistant", "content": "And so"}, "messages"),
    ],
)
def test_a_malformed_message_names_its_field(message: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequestError) as refusal:
        read([message])

    assert refusal.value.param == param


@pytest.mark.parametrize(
    ("message", "param"),
    [
        (user([{"type": "input_audio", "input_audio": {}}]), "messages[0].content[0].type"),
        (
            user([{"type": "file", "file": {"file_url": "https://example.com/a.pdf"}}]),
            "messages[0].content[0].file_url",
        ),
    ],
)
def test_what_is_not_served_is_refused_by_name(message: dict[str, Any], param: str) -> None:
    with pytest.raises(UnsupportedParameterError) as refusal:
        read([message])

    assert refusal.value.param == param


def test_a_conversation_is_known_by_how_it_began() -> None:
    system = {"role": "system", "content": "Be brief."}
    begun = opening(read([system, user("Hello")]))

    assert opening(read([system, user("Hello"), {"role": "assistant", "content": "Hi"}, user("More")])) == begun
    assert opening(read([system, user("Goodbye")])) != begun
    assert opening(read([user("Hello")])) != begun


def test_calls_and_their_results_keep_their_ids() -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "ls", "arguments": '{"path": "."}'}}
    older = {"role": "assistant", "content": None, "function_call": {"name": "pwd", "arguments": "{}"}}

    said = read(
        [
            user("What is here?"),
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "call_1", "content": [{"type": "text", "text": "a.txt"}]},
            older,
            {"role": "function", "name": "pwd", "content": ""},
        ]
    )

    assert said[1].calls == (ToolCall("call_1", "ls", '{"path": "."}'),)
    assert (said[2].role, said[2].text, said[2].call_id) == ("tool", "a.txt", "call_1")
    assert said[3].calls == (ToolCall("", "pwd", "{}"),)
    assert (said[4].role, said[4].text, said[4].name) == ("tool", "", "pwd")


def test_what_the_assistant_refused_is_what_it_said() -> None:
    said = read([user("Do it"), {"role": "assistant", "content": None, "refusal": "I cannot."}, user("Why?")])

    assert said[1].text == "I cannot."


CSV = {"filename": "a b.csv", "file_data": "data:text/csv;base64,YSxi"}
NOTES = {"type": "input_file", "filename": "../../notes.txt", "file_data": "aGVsbG8="}
NAMELESS = {"type": "input_file", "file_data": "JVBERi0xLjcK"}


@pytest.mark.parametrize(
    ("part", "name", "mime_type", "kind"),
    [
        ({"type": "file", "file": CSV}, "a b.csv", "text/csv", "document"),
        (NOTES, "notes.txt", "text/plain", "document"),
        (NAMELESS, "document-1.pdf", "application/pdf", "document"),
        ({"type": "file", "file": {"file_data": "AAECAw=="}}, "document-1.bin", "application/octet-stream", "document"),
        ({"type": "file", "file": {"filename": "x.pdf", "file_data": DATA_URL}}, "image-1.png", "image/png", "picture"),
    ],
)
async def test_a_document_is_named_and_typed(
    pictures: References, part: dict[str, Any], name: str, mime_type: str, kind: str
) -> None:
    (said,) = await with_files(read([user([part])]), pictures, ME)

    (file,) = said.files
    assert (file.name, file.mime_type, file.kind) == (name, mime_type, kind)
