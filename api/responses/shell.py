"""A response before anything was answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from api.responses.schemas import ResponseBody


def shell(
    request: ResponseBody, *, response_id: str, created: int, model: str, ignored: Sequence[str]
) -> dict[str, Any]:
    """A response before anything was answered: what was asked for, in progress.

    Args:
        model: the name as the client wrote it.
        ignored: kinds of tools and items that say nothing to the model.
    """
    reasoning, text = request.reasoning, request.text
    told: dict[str, Any] = {
        "id": response_id,
        "object": "response",
        "created_at": created,
        "completed_at": None,
        "status": "in_progress",
        "background": bool(request.background),
        "error": None,
        "frequency_penalty": 0.0,
        "incomplete_details": None,
        "instructions": request.instructions,
        "max_output_tokens": request.max_output_tokens,
        "max_tool_calls": request.max_tool_calls,
        "metadata": request.metadata or {},
        "model": model,
        "output": [],
        "parallel_tool_calls": request.parallel_tool_calls is not False,
        "presence_penalty": 0.0,
        "previous_response_id": request.previous_response_id,
        "prompt_cache_key": request.prompt_cache_key,
        "reasoning": {
            "effort": reasoning.effort if reasoning else None,
            "summary": (reasoning.summary or reasoning.generate_summary) if reasoning else None,
        },
        "safety_identifier": request.safety_identifier,
        "service_tier": "default",
        "store": request.store is not False,
        "temperature": 1.0 if request.temperature is None else request.temperature,
        "text": {"format": (text.format if text else None) or {"type": "text"}},
        "tool_choice": "auto" if request.tool_choice is None else request.tool_choice,
        "tools": [_tool(tool) for tool in request.tools or ()],
        "top_logprobs": request.top_logprobs or 0,
        "top_p": 1.0 if request.top_p is None else request.top_p,
        "truncation": request.truncation or "disabled",
    }
    if request.conversation is not None:
        told["conversation"] = {"id": request.conversation}
    if request.user is not None:
        told["user"] = request.user
    if ignored:
        told["chatgpt_ignored"] = list(ignored)
    return told


def _tool(tool: Any) -> Any:
    """A tool as it was sent, with the fields that a client's models may rely on."""
    if not isinstance(tool, dict) or tool.get("type") != "function":
        return tool
    return {"description": None, "parameters": None, "strict": False, **tool}
