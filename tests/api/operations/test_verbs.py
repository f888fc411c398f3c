"""What one may do with an operation: have its result, decide on its plan, repeat it, remove it."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from api.operations.view import view
from bridge.operations.journal import learn
from core.contracts.failure import failure_of
from core.contracts.operations import OperationKind, OperationRecord, OperationState
from core.contracts.research import PlanStep, ResearchFacts, ResearchPlan, ResearchRequest
from core.contracts.texts import ResponseMessage, ResponseRequest
from core.errors import ContentBlockedError, PlanNotWaitingError, WorkerUnavailableError
from tests.fakes.server import Served, complete
from tests.fixtures.durable import admission_of

OPERATIONS = "/v1/chatgpt/operations"


async def admit(client: httpx2.AsyncClient, name: str, **body: Any) -> str:
    request = {"prompt": name, "chatgpt_operation_id": name, **body}
    answer = await client.post("/v1/images/generations", json=request, headers={"prefer": "respond-async"})
    operation_id: str = answer.json()["operation"]["id"]
    return operation_id


async def research(served: Served, name: str = "r") -> OperationRecord:
    request = admission_of(OperationKind.RESEARCH, ResearchRequest(prompt="why?"), operation_id=name)
    record: OperationRecord = (await served.bridge.operations.admit(request)).record
    return record


async def read(client: httpx2.AsyncClient, name: str) -> dict[str, Any]:
    operation: dict[str, Any] = (await client.get(f"{OPERATIONS}/{name}")).json()["operation"]
    return operation


# --- result


@pytest.mark.parametrize("form", ["url", "b64_json"])
async def test_a_result_is_what_its_route_answers(served: Served, client: httpx2.AsyncClient, form: str) -> None:
    served.temporal.work = lambda record: complete(served, record.id)
    request = {"prompt": "a", "chatgpt_operation_id": "a", "response_format": form}
    answered = await client.post("/v1/images/generations", json=request)

    found = await client.get(f"{OPERATIONS}/a/result")

    assert (found.status_code, found.json()) == (200, answered.json())
    assert found.headers["x-chatgpt-operation-id"] == "a"


async def test_a_background_chats_result_is_a_completion(served: Served, client: httpx2.AsyncClient) -> None:
    request = ResponseRequest(messages=(ResponseMessage(role="user", text="hello"),))
    record = (await served.bridge.operations.admit(admission_of(OperationKind.RESPONSE, request))).record
    await served.bridge.operations.close(record.id, OperationState.COMPLETED, text="hi there")

    found = (await client.get(f"{OPERATIONS}/{record.id}/result")).json()

    assert (found["object"], found["chatgpt_operation_id"]) == ("chat.completion", record.id)
    assert found["choices"][0]["message"]["content"] == "hi there"
    assert (await read(client, record.id))["text"] == "hi there"
    assert (await client.get(OPERATIONS)).json()["data"][0]["text"] is None


async def test_a_result_that_is_not_there_yet_says_when_to_look_again(
    served: Served, client: httpx2.AsyncClient
) -> None:
    await admit(client, "a")
    await research(served)

    answers = [await client.get(f"{OPERATIONS}/{name}/result") for name in "ar"]

    assert [(one.status_code, one.headers["retry-after"]) for one in answers] == [(409, "3"), (409, "30")]
    assert answers[0].json()["error"]["code"] == "operation_not_finished"
    assert answers[0].headers["x-should-retry"] == "false"


async def test_a_failures_result_is_its_error(served: Served, client: httpx2.AsyncClient) -> None:
    await admit(client, "f")
    await admit(client, "c")
    await served.bridge.operations.close("f", OperationState.FAILED, failure_of(ContentBlockedError("no")))
    await served.bridge.operations.close("c", OperationState.CANCELLED)

    failed, cancelled = [await client.get(f"{OPERATIONS}/{name}/result") for name in "fc"]

    assert (failed.status_code, failed.json()["error"]["code"]) == (400, "content_policy_violation")
    assert failed.json()["error"]["chatgpt_operation_id"] == "f"
    assert (cancelled.status_code, cancelled.json()["error"]["code"]) == (499, "operation_cancelled")


# --- plan


async def test_a_decision_goes_to_the_workflow_once_for_each_key(served: Served, client: httpx2.AsyncClient) -> None:
    await research(served)
    body = {"decision": "edit", "text": "only seabirds"}

    keyed = await client.post(f"{OPERATIONS}/r/plan", json=body, headers={"idempotency-key": "k"})
    for _ in range(2):
        await client.post(f"{OPERATIONS}/r/plan", json={"decision": "approve"})

    assert (keyed.status_code, keyed.json()["status"], keyed.json()["operation"]["id"]) == (200, "ok", "r")
    assert served.temporal.decided[0] == ("r", "edit", "only seabirds", "k")
    assert served.temporal.decided[1][:3] == ("r", "approve", "")
    assert len({update_id for *_, update_id in served.temporal.decided}) == 3


async def test_a_decision_that_is_still_carried_out_is_accepted(served: Served, client: httpx2.AsyncClient) -> None:
    await research(served)
    served.temporal.answers = False

    answer = await client.post(f"{OPERATIONS}/r/plan", json={"decision": "reject"})

    assert (answer.status_code, answer.json()["status"]) == (202, "accepted")


@pytest.mark.parametrize(
    ("error", "status"), [(PlanNotWaitingError("too late"), 409), (WorkerUnavailableError("nobody"), 503)]
)
async def test_a_decision_that_nobody_takes_is_refused(
    served: Served, client: httpx2.AsyncClient, error: Any, status: int
) -> None:
    await research(served)
    served.temporal.refuses = error

    answer = await client.post(f"{OPERATIONS}/r/plan", json={"decision": "approve"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, error.code)


@pytest.mark.parametrize(
    ("body", "param"), [({}, "decision"), ({"decision": "perhaps"}, "decision"), ({"decision": "edit"}, "text")]
)
async def test_a_decision_says_what_it_wants(
    served: Served, client: httpx2.AsyncClient, body: dict[str, str], param: str
) -> None:
    await research(served)

    answer = await client.post(f"{OPERATIONS}/r/plan", json=body)

    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    assert served.temporal.decided == []


async def test_only_a_research_has_a_plan(served: Served, client: httpx2.AsyncClient) -> None:
    await admit(client, "a")

    answer = await client.post(f"{OPERATIONS}/a/plan", json={"decision": "approve"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "plan_not_waiting")


# --- rerun


async def test_a_rerun_is_a_new_operation_with_the_same_request(served: Served, client: httpx2.AsyncClient) -> None:
    await admit(client, "a", size="1024x1024")
    await complete(served, "a")

    answers = [await client.post(f"{OPERATIONS}/a/rerun") for _ in range(2)]

    made = [one.json()["operation"] for one in answers]
    first, again = [await served.bridge.operations.find(name) for name in ("a", made[0]["id"])]
    assert [one.status_code for one in answers] == [202, 202]
    assert answers[0].headers["location"] == f"{OPERATIONS}/{made[0]['id']}"
    assert (again.request, again.model, again.detached) == (first.request, first.model, True)
    assert [one["rerun_of"] for one in made] == ["a", "a"]
    assert (await read(client, "a"))["reruns"] == [one["id"] for one in made]
    assert served.temporal.started == ["a", made[0]["id"], made[1]["id"]]


async def test_a_key_makes_a_rerun_one(served: Served, client: httpx2.AsyncClient) -> None:
    for name in "ab":
        await admit(client, name)
        await complete(served, name)
    key = {"idempotency-key": "k"}

    once, twice = [await client.post(f"{OPERATIONS}/a/rerun", headers=key) for _ in range(2)]
    other = await client.post(f"{OPERATIONS}/b/rerun", headers=key)

    assert once.json()["operation"]["id"] == twice.json()["operation"]["id"]
    assert (other.status_code, other.json()["error"]["code"]) == (409, "idempotency_conflict")


@pytest.mark.parametrize(("method", "verb"), [("POST", "/rerun"), ("DELETE", "")])
async def test_what_goes_on_is_neither_repeated_nor_removed(client: httpx2.AsyncClient, method: str, verb: str) -> None:
    await admit(client, "a")

    answer = await client.request(method, f"{OPERATIONS}/a{verb}")

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "operation_not_finished")


# --- delete


@pytest.mark.parametrize(("files", "status"), [("false", 200), ("true", 404)])
async def test_a_removed_operation_is_gone_and_its_files_as_asked(
    served: Served, client: httpx2.AsyncClient, files: str, status: int
) -> None:
    await admit(client, "a")
    await complete(served, "a")
    link = (await read(client, "a"))["artifacts"][0]["download_url"]

    answer = await client.delete(f"{OPERATIONS}/a", params={"files": files})

    assert (answer.status_code, answer.content) == (204, b"")
    assert (await client.get(f"{OPERATIONS}/a")).status_code == 404
    assert (await client.get(link)).status_code == status


# --- the view of a research


async def test_a_research_says_what_it_cannot_be_reached_without(served: Served, client: httpx2.AsyncClient) -> None:
    record = await research(served)
    alone = await read(client, "r")
    facts = ResearchFacts(message_id="m", widget_session_id="w")

    stages = [
        record,
        record.model_copy(update={"account": "plus"}),
        record.model_copy(update={"account": "plus", "conversation_id": "c"}),
        record.model_copy(update={"account": "plus", "conversation_id": "c", "research": facts}),
    ]
    shown = [view(stage, "http://x") for stage in stages]

    assert alone["pending_reason"] == "provider_not_selected"
    assert [one["pending_reason"] for one in shown] == [
        "provider_not_selected",
        "conversation_id_not_available",
        "deep_research_session_not_available",
        None,
    ]
    assert [one["deep_research_ready"] for one in shown] == [False, False, False, True]
    assert (shown[3]["deep_research_message_id"], shown[3]["deep_research_session_id"]) == ("m", "w")


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        ({"pending": "provider_not_selected"}, {"pending": "provider_not_selected"}),
        (
            {"conversation": {"ok": 1}},
            {"conversation": {"ok": 1}, "deep_research_pending": "widget_session_id_not_available"},
        ),
        ({"research": {"s": 1}, "conversation": {"ok": 1}}, {"deep_research": {"s": 1}, "conversation": {"ok": 1}}),
    ],
)
async def test_a_cancel_of_a_research_tells_what_each_part_said(
    served: Served, kept: dict[str, Any], told: dict[str, Any]
) -> None:
    record = (await research(served)).model_copy(update={"cancel_requested": True, "last_cancel_result": kept})

    assert view(record, "http://x")["last_cancel_result"] == told


async def test_a_plan_is_shown_with_its_steps_and_its_time(served: Served) -> None:
    record = await research(served)
    plan = ResearchPlan(title="Birds", steps=(PlanStep(id="1", text="look"),), version=2, until=record.created_at)

    shown = view(record.model_copy(update={"research": ResearchFacts(plan=plan)}), "http://x")["plan"]

    assert shown == {
        "title": "Birds",
        "steps": [{"id": "1", "text": "look", "status": ""}],
        "version": 2,
        "until": round(record.created_at.timestamp(), 3),
        "decision": None,
    }


async def test_a_conversation_that_is_known_is_shown(served: Served, client: httpx2.AsyncClient) -> None:
    await admit(client, "a")
    await served.bridge.store.write(lambda conn: learn(conn, "a", None, conversation_id="c-1"))

    assert (await read(client, "a"))["conversation_id"] == "c-1"
