"""A long history becomes a summary that only this bridge can read again."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from core.contracts.keys import AccessScope
from tests.api.responses.shapes import URL, body, text_of, user
from tests.fakes.chat import says
from tests.fakes.keys import client_with
from tests.fakes.server import Served, events

TRIGGER = {"type": "compaction_trigger"}
READ = {"type": "function", "name": "read", "parameters": {"type": "object"}}


async def compacted(client: httpx2.AsyncClient, **more: Any) -> dict[str, Any]:
    told = (await client.post(URL, json=body([user("Mend it"), TRIGGER], store=False, **more))).json()
    (item,) = told["output"]
    return dict(item)


async def test_a_summary_is_sealed_and_read_again(served: Served, client: httpx2.AsyncClient) -> None:
    served.world.scripts = [says("The boat ", "leaks.")]
    item = await compacted(client, tools=[READ])

    (message,) = served.world.asked[0][1].messages[-1:]
    assert (item["type"], item["id"][:4]) == ("compaction", "cmp_")
    assert "boat" not in item["encrypted_content"]
    assert "hand-over" in message.text
    # Nothing can be called now, so nothing is said of tools.
    assert "read" not in [one.text for one in served.world.asked[0][1].messages[:-1]]

    answer = (await client.post(URL, json=body([item, user("Go on")], tools=[READ]))).json()
    (said,) = served.world.asked[1][1].messages
    assert text_of(answer) == "Hello there"
    assert "The boat leaks." in said.text
    assert said.text.index("The boat leaks.") < said.text.index("Go on")


async def test_a_stream_brings_the_one_item_and_nothing_of_its_words(
    served: Served, client: httpx2.AsyncClient
) -> None:
    served.world.scripts = [says("The boat ", "leaks.")]
    answer = await client.post(URL, json=body([user("Mend it"), TRIGGER], stream=True))

    told = events(answer.text)
    assert [event["type"] for event in told] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.output_item.done",
        "response.completed",
    ]
    assert [event["sequence_number"] for event in told] == list(range(5))
    assert told[-1]["response"]["output"] == [told[3]["item"]]
    assert "boat" not in answer.text


async def test_the_route_for_it_answers_with_the_summary_alone(served: Served, client: httpx2.AsyncClient) -> None:
    told = (await client.post(f"{URL}/compact", json=body([user("Mend it")], instructions="Be brief."))).json()

    assert (told["object"], [item["type"] for item in told["output"]]) == ("response.compaction", ["compaction"])
    assert (await client.get(f"{URL}/{told['id']}")).status_code == 404


async def test_the_route_for_it_wants_a_model(served: Served, client: httpx2.AsyncClient) -> None:
    answer = await client.post(f"{URL}/compact", json={"input": "Mend it"})

    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "model")
    assert not served.world.asked


@pytest.mark.parametrize("given", [[TRIGGER], []])
async def test_nothing_is_not_summed_up(
    served: Served, client: httpx2.AsyncClient, given: list[dict[str, Any]]
) -> None:
    path = URL if given else f"{URL}/compact"
    answer = await client.post(path, json=body(given))

    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "input")
    assert not served.world.asked


async def test_a_summary_of_another_is_refused(served: Served, client: httpx2.AsyncClient) -> None:
    item = await compacted(client)
    forged = {**item, "encrypted_content": "bm90aGluZw=="}

    async with await client_with(served, AccessScope.CHAT, name="other") as other:
        answers = [
            await other.post(URL, json=body([item, user("Go on")])),
            await client.post(URL, json=body([forged, user("Go on")])),
        ]

    for answer in answers:
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, "input[0].encrypted_content")
    assert len(served.world.asked) == 1


async def test_it_is_not_done_in_the_background(served: Served, client: httpx2.AsyncClient) -> None:
    answer = await client.post(URL, json=body([user("Mend it"), TRIGGER], background=True))

    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "background")
