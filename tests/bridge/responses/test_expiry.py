"""Responses and conversations whose days are over."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from bridge.operations.retention import Retention
from bridge.responses.conversations import ITEMS, KeptConversations
from bridge.responses.records import KeptResponses
from bridge.store.engine import Store
from bridge.vault.blobs import PayloadBlobs
from core.errors import NotFoundError
from core.settings import RetentionSettings, load
from tests.bridge.responses.shapes import conversation, item, response
from tests.fakes.files import uploaded


def retention(store: Store, root: Path, days: float) -> Retention:
    """What removes after so many days."""
    return Retention(
        store,
        load(RetentionSettings, responses_days=days),
        artifacts=root / "artifacts",
        inputs=root / "inputs",
        blobs=PayloadBlobs(root / "payloads"),
        uploads=uploaded(store, root),
    )


async def entries(store: Store) -> int:
    """How many items of conversations are kept."""
    return await store.read(lambda conn: conn.execute(select(func.count()).select_from(ITEMS)).scalar_one())


async def test_what_is_older_goes_and_what_was_used_stays(
    responses: KeptResponses, conversations: KeptConversations, store: Store, tmp_path: Path
) -> None:
    for name, days in (("resp_old", 31.0), ("resp_new", 29.0)):
        await responses.keep(response(name, days=days))
    for name in ("conv_old", "conv_used"):
        await conversations.create(conversation(name, days=40), [item(f"first-{name}")])
    await conversations.append("conv_used", "ann", [item("again")], place=None)
    rules = retention(store, tmp_path, 30)

    planned, untouched = await rules.plan(), await entries(store)
    removed = await rules.remove()
    after = await rules.remove()

    assert (planned.records, removed.records, after.records) == (2, 2, 0)
    assert (untouched, await entries(store)) == (3, 2)
    assert await responses.find("resp_old", None) is None
    assert await responses.find("resp_new", None) is not None
    assert [one["id"] for one in await conversations.items("conv_used", "ann")] == ["first-conv_used", "again"]
    with pytest.raises(NotFoundError):
        await conversations.get("conv_old", "ann")


async def test_zero_keeps_all(
    responses: KeptResponses, conversations: KeptConversations, store: Store, tmp_path: Path
) -> None:
    await responses.keep(response("resp_old", days=4000))
    await conversations.create(conversation("conv_old", days=4000), [item("a")])

    assert (await retention(store, tmp_path, 0).remove()).records == 0
    assert await responses.find("resp_old", "ann") is not None
    assert await entries(store) == 1


async def test_a_younger_response_whose_beginning_is_gone_cannot_be_gone_on_from(
    responses: KeptResponses, store: Store, tmp_path: Path
) -> None:
    await responses.keep(response("resp_a", days=31))
    await responses.keep(response("resp_b", days=1, previous_id="resp_a"))

    await retention(store, tmp_path, 30).remove()

    assert await responses.find("resp_b", "ann") is not None
    with pytest.raises(NotFoundError):
        await responses.chain("resp_b", "ann")
