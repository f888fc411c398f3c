"""A validated research as an admission, and a finished one as an answer."""

from __future__ import annotations

from typing import Any

from starlette.datastructures import Headers
from starlette.types import Receive, Scope

from api.answers.asked import Identity
from api.body import read_object
from api.caller import grant_of
from api.chat.completion import completion, of_text
from api.chat.schemas import ChatRequest
from api.links import Links
from api.operations.view import artifact_view, plan_view
from api.overrides import chosen_accounts, merged
from api.prefer import idempotency_key, responds_async, retry_count
from api.research.schemas import ResearchBody, ResearchOptions
from api.services import Services
from api.validation import validated
from api.vision.service import completion_id, created
from bridge.chat import transcript
from bridge.chat.models import RESEARCH, research_model
from bridge.chat.tokens import Usage, estimate
from bridge.chat.transcript import Said
from bridge.idempotency.digest import request_digest
from bridge.keys.grant import Grant
from bridge.operations.admission import Admission
from bridge.usage import tokens
from core.contracts.keys import AccessScope
from core.contracts.operations import OperationKind, OperationRecord
from core.contracts.research import ResearchRequest
from core.errors import InvalidRequestError

ROUTE = "/v1/chatgpt/research"


async def read(services: Services, scope: Scope, receive: Receive) -> Admission:
    """Read a research and validate everything there is to validate; nothing is stored yet.

    Raises:
        CallerError: `param` names the field or header.
    """
    body = validated(ResearchBody, await read_object(scope, receive))
    options = merged(ResearchOptions, body, body.metadata)
    grant, pool = grant_of(scope), await services.bridge.registry.snapshot()
    model = research_model(body.model)
    grant.require_model(model, RESEARCH)
    wanted = ResearchRequest(
        prompt=body.prompt,
        model=model,
        plan=options["plan"] or "auto",
        output_name=options["output_name"],
        accounts=chosen_accounts(options, pool, grant),
        strategy=options["chatgpt_account_strategy"],
    )
    return _admission(wanted, ROUTE, options, Headers(scope=scope), grant)


async def read_chat(
    services: Services, body: dict[str, Any], route: str, scope: Scope
) -> tuple[Admission, ChatRequest]:
    """A chat that asks for a research: its last message is the question, and nothing else of it counts.

    Raises:
        CallerError: `param` names the field or header.
    """
    request, headers = validated(ChatRequest, body), Headers(scope=scope)
    if request.stream and responds_async(headers):
        raise InvalidRequestError("`Prefer: respond-async` and `stream` exclude each other.", param="stream")
    metadata = request.metadata or {}
    given = {name: body.get(name, metadata.get(name)) for name in ResearchOptions.model_fields}
    options = merged(ResearchOptions, validated(ResearchOptions, given), None)
    last = transcript.read(request.messages)[-1]
    if last.role != "user" or not last.text.strip():
        raise InvalidRequestError("A research asks with the words of the last message, the user's.", param="messages")
    grant, pool = grant_of(scope), await services.bridge.registry.snapshot()
    grant.require(AccessScope.RESEARCH)
    grant.require_model(request.model or RESEARCH, RESEARCH)
    wanted = ResearchRequest(
        prompt=last.text,
        model=request.model or RESEARCH,
        plan=options["plan"] or "auto",
        output_name=options["output_name"],
        accounts=chosen_accounts(options, pool, grant),
        strategy=options["chatgpt_account_strategy"],
    )
    return _admission(wanted, route, options, headers, grant), request


def _admission(
    wanted: ResearchRequest, route: str, options: dict[str, Any], headers: Headers, grant: Grant
) -> Admission:
    request = wanted.model_dump(mode="json")
    return Admission(
        kind=OperationKind.RESEARCH,
        owner=grant.owner,
        route=route,
        request=request,
        digest=request_digest(route, {"kind": OperationKind.RESEARCH, **request}),
        model=wanted.model,
        operation_id=options["chatgpt_operation_id"],
        idempotency_key=idempotency_key(headers),
        retry_count=retry_count(headers),
        detached=responds_async(headers),
        cancel_on_disconnect=options["chatgpt_on_disconnect"] == "cancel",
    )


async def research_answer(services: Services, record: OperationRecord, links: Links) -> dict[str, Any]:
    """The answer of a completed research."""
    return {**_shared(services, record, links), "object": "chatgpt.research", "text": record.text or ""}


async def chat_answer(services: Services, record: OperationRecord, links: Links) -> dict[str, Any]:
    """The same as a chat's answer: the report, then where it lies and its link."""
    text = chat_text(services, record, links)
    await tokens.ready()
    answered = of_text(text, usage(record), account=record.account or "", conversation_id=record.conversation_id)
    whole = completion(answered, Identity(completion_id(record), created(record), record.id), model=record.model)
    return {**_shared(services, record, links), **whole}


def chat_text(services: Services, record: OperationRecord, links: Links) -> str:
    """What a chat is answered with."""
    lines = [record.text or ""]
    for artifact in record.artifacts[:1]:
        lines += ["", f"path={services.settings.storage.artifacts_dir / artifact.path}"]
        lines += [f"download_url={artifact_view(artifact, links)['download_url']}"]
    return "\n".join(lines)


def usage(record: OperationRecord) -> Usage:
    """Estimated by the rule of chats."""
    return estimate((Said("user", str(record.request["prompt"])),), record.text or "")


def _shared(services: Services, record: OperationRecord, links: Links) -> dict[str, Any]:
    files = [artifact_view(artifact, links) for artifact in record.artifacts]
    report = files[0] if files else None
    return {
        "id": record.id,
        "created": created(record),
        "model": record.model,
        "chatgpt_account": record.account,
        "chatgpt_operation_id": record.id,
        "chatgpt_conversation_id": record.conversation_id,
        "chatgpt_research_report_path": str(services.settings.storage.artifacts_dir / report["path"])
        if report
        else None,
        "chatgpt_research_report_download_url": report["download_url"] if report else None,
        "chatgpt_research_report_file": report,
        "chatgpt_research_sources_file": files[1] if len(files) > 1 else None,
        "chatgpt_research": _facts(record),
    }


def _facts(record: OperationRecord) -> dict[str, Any]:
    facts, ended = record.research, record.finished_at or record.created_at
    plan = plan_view(facts.plan) if facts is not None and facts.plan is not None else {}
    return {
        "status": facts.status if facts is not None else None,
        "plan_title": plan.get("title"),
        "plan_version": plan.get("version"),
        "plan_steps": plan.get("steps", []),
        "request_wall_time_seconds": round((ended - record.created_at).total_seconds(), 3),
    }
