"""Models by plan, by live list; time zones; bodies made from the captured one."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from provider.chatgpt_web.capture.template import conversation_body, prepare_body
from provider.chatgpt_web.capture.timezone import offset_minutes, zone_name
from provider.chatgpt_web.models import capabilities, read_models
from provider.interface.turns import TurnMessage, TurnRequest, UploadedFile

VECTORS = Path(__file__).parents[2] / "vectors"
CASES = json.loads((VECTORS / "models.json").read_text())
REQUESTS = json.loads((VECTORS / "requests.json").read_text())
HELLO = TurnRequest(messages=(TurnMessage("user", "hello"),), message_id="m1")


def body_of(request: TurnRequest, captured: dict[str, Any] | None = None) -> dict[str, Any]:
    return conversation_body(captured, request, now_seconds=1790000000.5, prepared="sent")


@pytest.mark.parametrize("case", CASES["plans"], ids=lambda case: f"{case['plan_type']}-{len(case['observed'])}")
def test_a_plan_offers_its_models(case: dict[str, Any]) -> None:
    offered = capabilities(case["plan_type"], case["observed"])

    assert list(offered.models) == case["models"]
    assert {slug: list(efforts) for slug, efforts in offered.efforts.items()} == case["efforts"]


def test_the_live_list_is_read() -> None:
    models = read_models(CASES["listing"]["response"])

    assert [model.slug for model in models] == CASES["listing"]["expect"]["slugs"]
    assert {model.slug: list(model.efforts) for model in models if model.efforts} == CASES["listing"]["expect"][
        "efforts"
    ]
    assert read_models({"models": "none"}) == ()


@pytest.mark.parametrize("case", CASES["timezones"], ids=lambda case: f"{case['tz']} {case['at'][:7]}")
def test_offsets_count_as_javascript_does(case: dict[str, Any]) -> None:
    assert offset_minutes(case["tz"], datetime.fromisoformat(case["at"])) == case["offset_min"]


def test_the_zone_is_named_by_the_environment_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", ":Asia/Bangkok")
    assert zone_name() == "Asia/Bangkok"

    monkeypatch.setenv("TZ", "/etc/localtime")
    assert not zone_name().startswith("/")


@pytest.mark.parametrize("case", REQUESTS["prepare"], ids=lambda case: case["name"])
def test_prepare_is_derived_from_the_conversation(case: dict[str, Any]) -> None:
    assert prepare_body(case["conversation_body"]) == case["prepare_body"]


def test_a_captured_body_is_a_template_and_no_more() -> None:
    case = REQUESTS["template_reuse"]
    captured = case["captured_body"]

    body = body_of(HELLO, captured)

    assert {key: body[key] for key in case["new_turn_must_keep"]} == {
        key: captured[key] for key in case["new_turn_must_keep"]
    }
    assert "conversation_id" not in body
    assert body["messages"][0]["id"] == "m1"
    assert body["system_hints"] == []
    assert body["parent_message_id"] == case["new_turn_values"]["parent_message_id"]


def test_an_image_with_inputs_points_at_them_before_the_prompt() -> None:
    case = REQUESTS["image_edit_message"]
    files = tuple(
        UploadedFile(
            file["file_id"], file["file_name"], file["mime_type"], file["file_size"], file["width"], file["height"]
        )
        for file in case["uploads"]
    )
    prompt = f"{case['prompt']}\n\nMake the aspect ratio {case['aspect_ratio']}."
    request = TurnRequest(messages=(TurnMessage("user", prompt, files),), message_id="m1", kind="image", temporary=True)

    body = body_of(request, {"model": "gpt-5-5-thinking"})

    message = {key: body["messages"][0][key] for key in ("author", "content", "metadata")}
    assert message == case["expect_message"]
    assert body["system_hints"] == case["expect_system_hints"]
    assert "history_and_training_disabled" not in body
    assert body["model"] == "auto"


def test_a_temporary_chat_says_so_and_an_effort_is_sent_only_when_chosen() -> None:
    request = TurnRequest(messages=HELLO.messages, message_id="m1", model="gpt-5-5", effort="max", temporary=True)

    assert body_of(request)["history_and_training_disabled"] is True
    assert body_of(request)["thinking_effort"] == "max"
    assert "thinking_effort" not in body_of(HELLO)
