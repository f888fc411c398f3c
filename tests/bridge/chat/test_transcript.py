"""Messages as what is said to upstream."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from bridge.build import references
from bridge.chat.transcript import Said, check_pictures, opening, read
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
        ("user", "Really."),
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
    said = await check_pictures(read([user([part, {"type": "text", "text": "What is it?"}])]), pictures, ME)

    (picture,) = said[0].pictures
    assert (picture.name, picture.mime_type, picture.content) == ("image-1.png", "image/png", png())


async def test_pictures_of_several_messages_keep_their_places(pictures: References) -> None:
    red, teal = (f"data:;base64,{base64.b64encode(png(colour)).decode()}" for colour in ("red", "teal"))
    first = user([{"type": "image_url", "image_url": red}, {"type": "input_image", "image_url": teal}])

    said = await check_pictures(
        read([first, user("and"), user([{"type": "image_url", "image_url": red}])]), pictures, ME
    )

    found = [[(picture.name, picture.content) for picture in one.pictures] for one in said]
    assert found == [[("image-1.png", png("red")), ("image-2.png", png())], [], [("image-3.png", png("red"))]]


async def test_a_picture_is_fetched_from_its_address(pictures: References) -> None:
    async with picture_host() as host:
        host.shows("/a.png", png())
        said = await check_pictures(
            read([user([{"type": "image_url", "image_url": {"url": host.url("/a.png")}}])]), pictures, ME
        )

    assert said[0].pictures[0].content == png()


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
        await check_pictures(said, pictures, ME)

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
        ({"role": "tool", "tool_call_id": "1", "content": "4"}, "messages[0].role"),
        ({"role": "assistant", "content": "", "tool_calls": [{}]}, "messages[0].tool_calls"),
        (user([{"type": "input_audio", "input_audio": {}}]), "messages[0].content[0].type"),
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
