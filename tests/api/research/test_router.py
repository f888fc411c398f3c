"""`POST /v1/chatgpt/research` and chats that ask for one, over a real socket and a real database."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from bridge.files.reports import ReportFacts, Reports
from bridge.operations import results
from core.clock import utc_now
from core.contracts.operations import OperationRecord, OperationState
from core.contracts.research import ResearchSource
from tests.fakes.server import Served, events

RESEARCH = "/v1/chatgpt/research"
CHAT = "/v1/chat/completions"
ASYNC = {"prefer": "respond-async"}
ASKED = {"model": "deep-research", "messages": [{"role": "user", "content": "Why are herons grey?"}]}


def reports(served: Served, text: str) -> None:
    """Have every research end with this report, as a worker does."""

    async def work(record: OperationRecord) -> None:
        facts = ReportFacts(
            text, (ResearchSource(number=1, title="Herons", url="https://herons.example"),), None, utc_now()
        )
        files = await Reports(served.services.settings.storage.artifacts_dir).write(record, facts)
        await served.bridge.store.write(lambda conn: results.finish(conn, record.id, None, text))
        await served.bridge.operations.close(record.id, OperationState.COMPLETED, results=files)

    served.temporal.work = work


async def row(served: Served) -> OperationRecord:
    (only,) = (await served.bridge.operations.list("primary")).items
    found: OperationRecord = only
    return found


async def test_a_research_is_answered_with_its_report(served: Served, client: httpx2.AsyncClient) -> None:
    reports(served, "# Grey")

    answer = await client.post(RESEARCH, json={"prompt": "Why are herons grey?", "output_name": "herons.txt"})

    body = answer.json()
    assert answer.status_code == 200, answer.text
    assert (body["object"], body["text"], body["model"]) == ("chatgpt.research", "# Grey", "chatgpt-deep-research")
    assert body["id"] == body["chatgpt_operation_id"] == served.temporal.started[0]
    assert body["chatgpt_research_report_file"]["filename"] == "herons.txt"
    assert body["chatgpt_research_sources_file"]["filename"] == "herons.sources.json"
    assert body["chatgpt_research"]["request_wall_time_seconds"] >= 0
    kept = await client.get(body["chatgpt_research_report_download_url"])
    assert kept.text.endswith("# Grey\n")


@pytest.mark.parametrize("stream", [False, True])
async def test_a_chat_is_answered_with_the_report_and_where_it_lies(
    served: Served, client: httpx2.AsyncClient, stream: bool
) -> None:
    reports(served, "# Grey")

    answer = await client.post(CHAT, json={**ASKED, "stream": stream, "stream_options": {"include_usage": True}})

    if stream:
        found = events(answer.text)
        said = "".join(choice["delta"].get("content", "") for event in found[:-1] for choice in event["choices"])
        assert found[-2]["usage"]["completion_tokens"] > 0
    else:
        said = answer.json()["choices"][0]["message"]["content"]
        assert answer.json()["model"] == "deep-research"
    assert said.startswith("# Grey\n\npath=/")
    assert "\ndownload_url=http://127.0.0.1:" in said


async def test_only_the_last_message_is_asked(served: Served, client: httpx2.AsyncClient) -> None:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}]
    options = {"chatgpt_account": "plus", "plan": "ask", "chatgpt_on_disconnect": "cancel"}

    answer = await client.post(CHAT, headers=ASYNC, json={"messages": messages, "deep_research": True, **options})

    request = (await row(served)).request
    assert answer.status_code == 202
    assert (request["prompt"], request["plan"]) == ("Why?", "ask")
    assert (request["accounts"], (await row(served)).cancel_on_disconnect) == (["plus"], True)


async def test_an_equal_key_is_one_research(served: Served, client: httpx2.AsyncClient) -> None:
    headers = {**ASYNC, "idempotency-key": "k1"}
    first = await client.post(RESEARCH, headers=headers, json={"prompt": "Why?"})
    again = await client.post(RESEARCH, headers=headers, json={"prompt": "Why?"})
    other = await client.post(RESEARCH, headers=headers, json={"prompt": "Why not?"})

    assert first.json()["operation"]["id"] == again.json()["operation"]["id"]
    assert (other.status_code, other.json()["error"]["code"]) == (409, "idempotency_conflict")
    assert len(served.temporal.started) == 1


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"prompt": None}, "prompt"),
        ({"prompt": "  "}, "prompt"),
        ({"prompt": 7}, "prompt"),
        ({"plan": "later"}, "plan"),
        ({"metadata": {"plan": "later"}}, "metadata.plan"),
        ({"output_name": "../report.md"}, "output_name"),
        ({"output_name": ".hidden"}, "output_name"),
        ({"output_name": "a\nb"}, "output_name"),
        ({"model": "gpt-5-5"}, "model"),
        ({"chatgpt_account": "nobody"}, "chatgpt_account"),
        ({"chatgpt_on_disconnect": "wait"}, "chatgpt_on_disconnect"),
        ({"chatgpt_operation_id": "a/b"}, "chatgpt_operation_id"),
    ],
)
async def test_bad_input_names_the_field_and_begins_nothing(
    served: Served, client: httpx2.AsyncClient, change: dict[str, Any], param: str
) -> None:
    answer = await client.post(RESEARCH, json={"prompt": "Why?", **change})

    error = answer.json()["error"]
    assert (answer.status_code, error["param"]) == (400, param)
    assert not (await served.bridge.operations.list("primary")).items


async def test_a_stream_and_an_answer_at_once_exclude_each_other(served: Served, client: httpx2.AsyncClient) -> None:
    answer = await client.post(CHAT, headers=ASYNC, json={**ASKED, "stream": True})

    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "stream")
    assert not served.temporal.started
