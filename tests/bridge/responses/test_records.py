"""Responses that are kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from bridge.responses import records
from bridge.responses.records import RESPONSES, KeptResponses
from bridge.store.engine import Store
from bridge.vault import Vault
from core.errors import NotFoundError, StoreError
from tests.bridge.responses.shapes import PLACE, response


async def test_a_response_is_found_as_it_was_kept(responses: KeptResponses) -> None:
    kept = response("resp_a", previous_id="resp_0", place=PLACE)
    await responses.keep(kept)

    assert await responses.find("resp_a", "ann") == kept
    assert await responses.find("resp_a", None) == kept
    assert [one["id"] for one in kept.said] == ["in-resp_a", "out-resp_a"]
    assert await responses.place("resp_a", "ann") == PLACE


async def test_another_process_reads_it_and_the_database_does_not(
    responses: KeptResponses, store: Store, tmp_path: Path
) -> None:
    await responses.keep(response("resp_a"))

    words = await store.read(lambda conn: [*conn.execute(select(RESPONSES.c.sealed)).scalars()])
    again = await KeptResponses(store, Vault(tmp_path / "accounts").keyring).find("resp_a", "ann")

    assert again is not None
    assert again.body["output"][0]["content"][0]["text"] == "Hello"
    assert "Hello" not in words[0]


async def test_one_without_a_place_has_to_be_said_again(responses: KeptResponses) -> None:
    await responses.keep(response("resp_a"))

    assert await responses.place("resp_a", "ann") is None


async def test_others_find_nothing(responses: KeptResponses) -> None:
    await responses.keep(response("resp_a", place=PLACE))

    assert await responses.find("resp_a", "bob") is None
    assert await responses.remove("resp_a", "bob") is False
    for asked in (responses.place("resp_a", "bob"), responses.chain("resp_a", "bob")):
        with pytest.raises(NotFoundError):
            await asked
    assert await responses.remove("resp_a", "ann") is True
    assert await responses.remove("resp_a", "ann") is False


async def test_an_id_is_kept_once(responses: KeptResponses) -> None:
    await responses.keep(response("resp_a"))

    with pytest.raises(StoreError):
        await responses.keep(response("resp_a", owner="bob"))

    assert await responses.find("resp_a", "bob") is None


async def test_a_chain_is_told_from_its_beginning(responses: KeptResponses) -> None:
    await responses.keep(response("resp_a"))
    await responses.keep(response("resp_b", previous_id="resp_a"))
    await responses.keep(response("resp_c", previous_id="resp_b"))

    assert [one.id for one in await responses.chain("resp_c", "ann")] == ["resp_a", "resp_b", "resp_c"]
    assert [one.id for one in await responses.chain("resp_a", "ann")] == ["resp_a"]


@pytest.mark.parametrize("missing", ["removed", "foreign"])
async def test_a_chain_with_a_gap_is_none(responses: KeptResponses, missing: str) -> None:
    await responses.keep(response("resp_a", owner="bob" if missing == "foreign" else "ann"))
    await responses.keep(response("resp_b", previous_id="resp_a"))
    if missing == "removed":
        await responses.remove("resp_a", "ann")

    with pytest.raises(NotFoundError) as gone:
        await responses.chain("resp_b", "ann")

    assert gone.value.param == "previous_response_id"


async def test_a_chain_ends_somewhere(responses: KeptResponses, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "LONGEST_CHAIN", 3)
    # Made by no client: a circle would be walked for ever.
    await responses.keep(response("resp_a", previous_id="resp_b"))
    await responses.keep(response("resp_b", previous_id="resp_a"))

    with pytest.raises(NotFoundError):
        await responses.chain("resp_b", "ann")
