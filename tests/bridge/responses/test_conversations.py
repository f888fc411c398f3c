"""Conversations that are kept."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from bridge.responses.conversations import CONVERSATIONS, ITEMS, PENDING, KeptConversations
from bridge.store.engine import Store
from core.errors import NotFoundError
from tests.bridge.responses.shapes import PLACE, conversation, item


async def ids(conversations: KeptConversations, name: str = "conv_a") -> list[str]:
    return [one["id"] for one in await conversations.items(name, None)]


async def test_it_grows_at_its_end_and_says_where_it_lies(conversations: KeptConversations) -> None:
    await conversations.create(conversation("conv_a", about="birds"), [item("a")])
    await conversations.append("conv_a", "ann", [item("b"), item("c")], place=PLACE)

    kept = await conversations.get("conv_a", "ann")
    assert (kept.metadata, kept.place) == ({"about": "birds"}, PLACE)
    assert await ids(conversations) == ["a", "b", "c"]
    assert (await conversations.items("conv_a", "ann"))[1] == item("b")


async def test_what_upstream_does_not_know_of_leaves_it_nowhere(conversations: KeptConversations) -> None:
    await conversations.create(conversation("conv_a"), [])
    await conversations.append("conv_a", "ann", [item("a")], place=PLACE)

    await conversations.append("conv_a", "ann", [item("b")], place=None)
    assert (await conversations.get("conv_a", "ann")).place is None

    await conversations.append("conv_a", "ann", [item("c")], place=PLACE)
    await conversations.remove_item("conv_a", "ann", "b")
    assert (await conversations.get("conv_a", "ann")).place is None
    assert await ids(conversations) == ["a", "c"]


async def test_it_is_renamed_and_keeps_its_place(conversations: KeptConversations) -> None:
    await conversations.create(conversation("conv_a", about="birds"), [])
    await conversations.append("conv_a", "ann", [item("a")], place=PLACE)

    await conversations.rename("conv_a", "ann", {"about": "fish"})

    kept = await conversations.get("conv_a", "ann")
    assert (kept.metadata, kept.place) == ({"about": "fish"}, PLACE)


async def test_an_answer_that_is_to_come_has_its_place_kept(conversations: KeptConversations) -> None:
    await conversations.create(conversation("conv_a"), [item("a")])
    await conversations.expect("conv_a", "ann", [item("b")], "resp_1")
    await conversations.append("conv_a", "ann", [item("c")], place=None)
    marker = (await conversations.items("conv_a", "ann"))[2]
    assert marker == {"id": "resp_1", "type": PENDING}

    await conversations.settle("conv_a", "resp_1", [item("x"), item("y"), item("z")])
    await conversations.settle("conv_a", "resp_1", [item("late")])

    assert await ids(conversations) == ["a", "b", "x", "y", "z", "c"]


async def test_two_answers_that_are_to_come_do_not_meet(conversations: KeptConversations) -> None:
    await conversations.create(conversation("conv_a"), [])
    await conversations.expect("conv_a", "ann", [item("a")], "resp_1")
    await conversations.expect("conv_a", "ann", [item("b")], "resp_2")

    await conversations.settle("conv_a", "resp_2", [item(f"two-{number}") for number in range(50)])
    await conversations.settle("conv_a", "resp_1", [])

    assert await ids(conversations) == ["a", "b", *(f"two-{number}" for number in range(50))]


async def test_it_is_removed_with_its_items(conversations: KeptConversations, store: Store) -> None:
    await conversations.create(conversation("conv_a"), [item("a")])
    await conversations.create(conversation("conv_b"), [item("b")])

    await conversations.remove("conv_a", "ann")

    left = await store.read(
        lambda conn: [
            *conn.execute(select(CONVERSATIONS.c.id)).scalars(),
            *conn.execute(select(ITEMS.c.item_id)).scalars(),
        ]
    )
    assert left == ["conv_b", "b"]


async def test_nothing_said_in_it_can_be_read_in_the_database(conversations: KeptConversations, store: Store) -> None:
    await conversations.create(conversation("conv_a", about="birds"), [item("a", "Of herons")])

    rows = await store.read(lambda conn: [*conn.execute(select(CONVERSATIONS)), *conn.execute(select(ITEMS))])

    assert "birds" not in str(rows)
    assert "herons" not in str(rows)


async def test_others_find_nothing(conversations: KeptConversations) -> None:
    await conversations.create(conversation("conv_a"), [item("a")])

    for asked in (
        conversations.get("conv_a", "bob"),
        conversations.items("conv_a", "bob"),
        conversations.rename("conv_a", "bob", {}),
        conversations.append("conv_a", "bob", [item("b")], place=None),
        conversations.expect("conv_a", "bob", [item("b")], "resp_1"),
        conversations.remove_item("conv_a", "bob", "a"),
        conversations.remove("conv_a", "bob"),
        conversations.remove_item("conv_a", "ann", "unknown"),
        conversations.get("conv_b", "ann"),
    ):
        with pytest.raises(NotFoundError):
            await asked
    assert await ids(conversations) == ["a"]
