"""`Idempotency-Key` on chats over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from bridge.idempotency.answers import KeptAnswers, KeyScope
from core.errors import MessageTooLongError, StreamInterruptedError
from core.ids import PRIMARY_OWNER
from provider.interface.turns import ConversationKnown, TextDelta
from tests.fakes.chat import says
from tests.fakes.server import Served, events, open_server
from tests.fakes.waiting import until

CHAT = "/v1/chat/completions"
KEY = {"Idempotency-Key": "key-1"}


def chat(text: str = "Hi", **more: Any) -> dict[str, Any]:
    return {"model": "auto", "messages": [{"role": "user", "content": text}], **more}


async def ask(client: httpx2.AsyncClient, body: dict[str, Any] | None = None, **headers: str) -> httpx2.Response:
    return await client.post(CHAT, json=body or chat(), headers={**KEY, **headers})


def said(answer: httpx2.Response) -> str:
    """The text of an answer in either form."""
    if answer.headers["content-type"] == "application/json":
        return str(answer.json()["choices"][0]["message"]["content"])
    *chunks, done = events(answer.text)
    assert done == "[DONE]"
    return "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks if chunk["choices"])


async def running(served: Served, turns: int = 1) -> None:
    """Wait until upstream was asked so often."""

    async def asked() -> bool:
        return len(served.world.asked) >= turns

    await until(asked)


async def joined(served: Served, connections: int) -> None:
    """Wait until so many connections hear the one run."""

    async def there() -> bool:
        return any(len(run._listeners) == connections for run, _ in served.services.shared._running.values())

    await until(there)


def hold(served: Served) -> asyncio.Event:
    """A gate between the two halves of what upstream says."""
    gate = asyncio.Event()
    first, second, third, last = says("Hello", " there")
    served.world.script = [first, second, gate, third, last]
    return gate


@pytest.mark.parametrize("second", [False, True], ids=["then-whole", "then-streamed"])
@pytest.mark.parametrize("first", [False, True], ids=["whole", "streamed"])
async def test_a_finished_chat_is_answered_again_in_either_form(
    served: Served, client: httpx2.AsyncClient, first: bool, second: bool
) -> None:
    one = await ask(client, chat(stream=first))
    two = await ask(client, chat(stream=second, stream_options={"include_usage": True} if second else None))

    assert said(one) == said(two) == "Hello there"
    assert len(served.world.asked) == 1
    assert (two.status_code, two.headers["x-chatgpt-account"]) == (200, "plus")
    assert one.headers["x-chatgpt-attempts"] == two.headers["x-chatgpt-attempts"] == "1"


async def test_the_kept_answer_is_the_same_to_the_last_field(served: Served, client: httpx2.AsyncClient) -> None:
    one, two = await ask(client), await ask(client)

    assert one.json() == two.json()
    assert one.json()["chatgpt_conversation_id"] == "conversation-1"


@pytest.mark.parametrize("second", [False, True], ids=["joins-whole", "joins-streamed"])
@pytest.mark.parametrize("first", [False, True], ids=["whole", "streamed"])
async def test_a_running_chat_is_joined_from_its_beginning(
    served: Served, client: httpx2.AsyncClient, first: bool, second: bool
) -> None:
    gate = hold(served)
    one = asyncio.create_task(ask(client, chat(stream=first)))
    await running(served)
    two = asyncio.create_task(ask(client, chat(stream=second)))
    await joined(served, 2)
    gate.set()

    assert said(await one) == said(await two) == "Hello there"
    assert len(served.world.asked) == 1


async def test_a_streaming_joiner_hears_the_rest_live(served: Served, client: httpx2.AsyncClient) -> None:
    gate = hold(served)
    one = asyncio.create_task(ask(client))
    await running(served)

    async with client.stream("POST", CHAT, json=chat(stream=True), headers=KEY) as two:
        lines = two.aiter_lines()
        seen = [line async for line in _until(lines, '"Hello"')]
        gate.set()
        rest = "".join([line async for line in lines])

    assert '"role":"assistant"' in "".join(seen)
    assert '" there"' in rest
    assert rest.endswith("data: [DONE]")
    assert said(await one) == "Hello there"


async def _until(lines: AsyncIterator[str], word: str) -> AsyncIterator[str]:
    async for line in lines:
        yield line
        if word in line:
            return


async def test_many_with_one_key_at_once_are_one_turn(served: Served, client: httpx2.AsyncClient) -> None:
    answers = await asyncio.gather(*(ask(client, chat(stream=bool(number % 2))) for number in range(12)))

    assert {said(answer) for answer in answers} == {"Hello there"}
    assert len(served.world.asked) == 1


async def test_another_body_is_a_conflict_while_it_runs_and_afterwards(
    served: Served, client: httpx2.AsyncClient
) -> None:
    gate = hold(served)
    one = asyncio.create_task(ask(client))
    await running(served)
    early = await ask(client, chat("Something else"))
    gate.set()
    await one
    late = await ask(client, chat("Something else"))
    warmer = await ask(client, chat(temperature=1.5))

    for answer in (early, late, warmer):
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "idempotency_conflict")
        assert answer.headers["x-should-retry"] == "false"
    assert len(served.world.asked) == 1


async def test_how_it_is_read_and_under_which_id_does_not_make_another_request(
    served: Served, client: httpx2.AsyncClient
) -> None:
    gate = hold(served)
    one = asyncio.create_task(ask(client, chat(chatgpt_operation_id="mine")))
    await running(served)
    two = asyncio.create_task(ask(client, chat(chatgpt_operation_id="mine", stream=True)))
    await joined(served, 2)
    shown = await client.get("/v1/chatgpt/operations/mine")
    gate.set()

    assert shown.json()["operation"]["kind"] == "chat"
    assert (await one).json()["chatgpt_operation_id"] == "mine"
    assert (await two).headers["x-chatgpt-operation-id"] == "mine"
    assert said(await ask(client, chat(chatgpt_operation_id="mine"))) == "Hello there"


async def test_a_taken_id_begins_nothing_and_leaves_the_key_free(served: Served, client: httpx2.AsyncClient) -> None:
    gate = hold(served)
    one = asyncio.create_task(client.post(CHAT, json=chat(chatgpt_operation_id="mine")))
    await running(served)

    taken = await ask(client, chat(chatgpt_operation_id="mine"))
    gate.set()
    await one

    assert (taken.status_code, taken.json()["error"]["code"]) == (409, "operation_id_taken")
    assert said(await ask(client)) == "Hello there"


async def test_other_keys_are_other_chats(served: Served, client: httpx2.AsyncClient) -> None:
    await ask(client)
    await ask(client, **{"Idempotency-Key": "key-2"})
    await client.post(CHAT, json=chat())

    assert len(served.world.asked) == 3


async def test_a_failure_that_spent_nothing_frees_the_key(served: Served, client: httpx2.AsyncClient) -> None:
    served.world.refusals["plus"] = [MessageTooLongError("too long")]

    refused = await ask(client)
    again = await ask(client)

    assert refused.status_code == 400
    assert said(again) == "Hello there"


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_failure_that_may_have_cost_something_is_told_again(
    served: Served, client: httpx2.AsyncClient, streamed: bool
) -> None:
    served.world.script = [ConversationKnown("c"), StreamInterruptedError("cut")]

    one = await ask(client, chat(stream=streamed))
    served.world.script = says("Better")
    two = await ask(client, chat(stream=streamed))

    assert one.status_code == two.status_code == 400
    assert one.json() == two.json()
    assert two.headers["x-should-retry"] == "false"
    assert len(served.world.asked) == 1


async def test_a_stream_that_broke_after_text_is_replayed_as_the_error(
    served: Served, client: httpx2.AsyncClient
) -> None:
    served.world.script = [ConversationKnown("c"), TextDelta("Half"), StreamInterruptedError("cut")]

    one = await ask(client, chat(stream=True))
    two = await ask(client, chat())

    assert events(one.text)[-1]["error"]["code"] == "stream_interrupted"
    assert (two.status_code, two.json()["error"]["code"]) == (400, "stream_interrupted")
    assert len(served.world.asked) == 1


@asynccontextmanager
async def connection(served: Served, body: dict[str, Any]) -> AsyncIterator[None]:
    """A connection that asks, and closes when the block is left."""
    async with served.client() as client:
        task = asyncio.create_task(ask(client, body))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_the_run_goes_on_for_whoever_is_left_and_ends_with_the_last(served: Served) -> None:
    hold(served)

    async with connection(served, chat(stream=True)):
        await running(served)
        async with connection(served, chat()):
            await joined(served, 2)
        await joined(served, 1)
        await asyncio.sleep(1)
        assert not served.world.stopped
    left = asyncio.get_running_loop().time()
    await until(lambda: _stopped(served))

    assert asyncio.get_running_loop().time() - left < 1.5


async def _stopped(served: Served) -> bool:
    return bool(served.world.stopped)


async def test_a_key_whose_run_was_left_by_all_runs_again(served: Served, client: httpx2.AsyncClient) -> None:
    hold(served)
    async with connection(served, chat()):
        await running(served)
    await until(lambda: _stopped(served))
    served.world.script = says("Once more")

    assert said(await ask(client)) == "Once more"


async def test_a_client_that_comes_back_at_once_finds_its_run(served: Served, client: httpx2.AsyncClient) -> None:
    gate = hold(served)
    async with connection(served, chat(stream=True)):
        await running(served)

    back = asyncio.create_task(ask(client, chat(stream=True)))
    await joined(served, 1)
    gate.set()

    assert said(await back) == "Hello there"
    assert (len(served.world.asked), served.world.stopped) == (1, [])


async def test_a_cancel_by_id_is_told_to_all_who_joined_and_again(served: Served, client: httpx2.AsyncClient) -> None:
    hold(served)
    body = chat(chatgpt_operation_id="mine")
    both = [asyncio.create_task(ask(client, body)) for _ in range(2)]
    await running(served)
    await joined(served, 2)

    await client.post("/v1/chatgpt/operations/mine/cancel")
    told = await asyncio.gather(*both)
    later = await ask(client, body)

    assert {(answer.status_code, answer.json()["error"]["code"]) for answer in (*told, later)} == {
        (499, "operation_cancelled")
    }
    assert served.world.stopped == ["plus"]


async def test_a_key_that_another_process_works_on_is_to_be_asked_for_again(
    served: Served, client: httpx2.AsyncClient
) -> None:
    bridge = served.bridge
    other = KeptAnswers(bridge.store, bridge.vault.keyring, process_id="proc_other", hours=1)
    mine = KeptAnswers(bridge.store, bridge.vault.keyring, process_id=bridge.presence.process_id, hours=1)
    await ask(client)
    digest = await bridge.store.read(lambda conn: conn.exec_driver_sql("SELECT digest FROM kept_answers").scalar())
    scope = KeyScope(PRIMARY_OWNER, CHAT, "key-2")
    await bridge.store.write(
        lambda conn: conn.exec_driver_sql(
            "INSERT INTO processes SELECT 'proc_other', kind, host, pid, started_at, renewed_at FROM processes"
        )
    )
    assert await other.reserve(scope, digest) is None

    busy = await ask(client, **{"Idempotency-Key": "key-2"})
    await bridge.store.write(lambda conn: conn.exec_driver_sql("DELETE FROM processes WHERE id = 'proc_other'"))
    freed = await ask(client, **{"Idempotency-Key": "key-2"})

    assert (busy.status_code, busy.json()["error"]["code"]) == (409, "idempotency_in_progress")
    assert (busy.headers["x-should-retry"], busy.headers["retry-after"]) == ("true", "2")
    assert said(freed) == "Hello there"
    assert await mine.reserve(scope, digest) is not None


async def test_a_kept_answer_survives_its_server_and_is_in_no_file_in_clear(tmp_path: Path) -> None:
    async with open_server(tmp_path) as first, first.client() as client:
        first.world.script = says("The heron stands still")
        await ask(client)
    async with open_server(tmp_path) as second, second.client() as client:
        answer = await ask(client, chat(stream=True))
        assert (said(answer), second.world.asked) == ("The heron stands still", [])
        files = list((tmp_path / "data").iterdir())
        content = b"".join([await asyncio.to_thread(file.read_bytes) for file in files if file.is_file()])

    assert b"kept_answers" in content
    assert b"heron" not in content


async def test_a_stopping_server_ends_a_shared_run_and_frees_its_key(
    served: Served, client: httpx2.AsyncClient
) -> None:
    hold(served)
    one = asyncio.create_task(ask(client))
    await running(served)

    served.services.leashes.pull_all()
    told = await one
    await served.services.shared.drained()
    served.world.script = says("Later")

    assert (told.status_code, told.json()["error"]["code"]) == (503, "shutting_down")
    assert served.world.stopped == ["plus"]
    assert said(await ask(client)) == "Later"


async def test_a_chat_without_a_key_writes_nothing_of_its_own(served: Served, client: httpx2.AsyncClient) -> None:
    await client.post(CHAT, json=chat())

    rows = await served.bridge.store.read(
        lambda conn: conn.exec_driver_sql("SELECT count(*) FROM kept_answers").scalar()
    )
    assert rows == 0
