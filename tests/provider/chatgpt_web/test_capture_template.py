"""Bodies of new turns, made from the captured one; time zones."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ProtocolError
from provider.chatgpt_web.capture import timezone
from provider.chatgpt_web.capture.template import conversation_body, prepare_body, turn_template
from provider.chatgpt_web.capture.timezone import offset_minutes, zone_name
from provider.chatgpt_web.files import upload
from provider.interface.turns import TurnMessage, TurnRequest, UploadedFile
from tests.provider.chatgpt_web.connector import Connector

VECTORS = Path(__file__).parents[2] / "vectors"
ZONES = json.loads((VECTORS / "models.json").read_text())["timezones"]
REQUESTS = json.loads((VECTORS / "requests.json").read_text())
HELLO = TurnRequest(messages=(TurnMessage("user", "hello"),), message_id="m1")
PICTURE = UploadedFile("file_in1", "a.png", "image/png", 4096)


def body_of(request: TurnRequest, captured: Any = None) -> dict[str, Any]:
    return conversation_body(captured, request, now_seconds=1790000000.5, prepared="sent")


@pytest.mark.parametrize("case", ZONES, ids=lambda case: f"{case['tz']} {case['at'][:7]}")
def test_offsets_count_as_javascript_does(case: dict[str, Any]) -> None:
    assert offset_minutes(case["tz"], datetime.fromisoformat(case["at"])) == case["offset_min"]


@pytest.mark.parametrize("zone", ["Nowhere/Here", "", "../etc/passwd", "a" * 300])
def test_an_unknown_zone_has_the_machines_offset(zone: str) -> None:
    moment = datetime(2030, 1, 1, tzinfo=UTC)
    local = moment.astimezone().utcoffset()

    assert local is not None
    assert offset_minutes(zone, moment) == -round(local.total_seconds() / 60)


def test_the_zone_is_named_by_the_environment_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", ":Asia/Bangkok")

    assert zone_name() == "Asia/Bangkok"
    assert body_of(HELLO)["timezone"] == "Asia/Bangkok"
    assert body_of(HELLO)["timezone_offset_min"] == -420


@pytest.mark.parametrize("given", ["/etc/localtime", ":/usr/share/zoneinfo/Europe/Paris", "", ":"])
def test_without_a_name_the_machine_is_asked(given: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    zone = tmp_path / "zoneinfo" / "posix" / "Asia" / "Tokyo"
    zone.parent.mkdir(parents=True)
    zone.touch()
    localtime = tmp_path / "localtime"
    localtime.symlink_to(zone)
    monkeypatch.setenv("TZ", given)
    monkeypatch.setattr(timezone, "_LOCALTIME", localtime)

    assert zone_name() == "Asia/Tokyo"

    monkeypatch.setattr(timezone, "_LOCALTIME", tmp_path / "absent")
    assert zone_name()


@pytest.mark.parametrize("case", REQUESTS["prepare"], ids=lambda case: case["name"])
def test_prepare_is_derived_from_the_conversation(case: dict[str, Any]) -> None:
    assert prepare_body(case["conversation_body"]) == case["prepare_body"]


def test_a_captured_body_is_a_template_and_no_more() -> None:
    case = REQUESTS["template_reuse"]
    captured = case["captured_body"]
    request = TurnRequest(messages=HELLO.messages, message_id="m1", model=None)

    body = body_of(request, captured)

    assert {key: body[key] for key in case["new_turn_must_keep"]} == {
        key: captured[key] for key in case["new_turn_must_keep"]
    }
    assert "conversation_id" not in body
    assert body["messages"][0]["id"] == "m1"
    assert body["system_hints"] == []
    assert body["parent_message_id"] == case["new_turn_values"]["parent_message_id"]


@pytest.mark.parametrize(
    ("asked", "kind", "sent"),
    [
        ("auto", "chat", "auto"),
        ("gpt-5-5", "chat", "gpt-5-5"),
        (None, "chat", "captured"),
        (None, "image", "auto"),
        ("gpt-5-5", "image", "gpt-5-5"),
    ],
)
def test_the_captured_model_counts_only_where_nobody_chose(asked: str | None, kind: Any, sent: str) -> None:
    request = TurnRequest(messages=HELLO.messages, message_id="m1", model=asked, kind=kind)

    assert body_of(request, {"model": "captured"})["model"] == sent
    assert body_of(TurnRequest(messages=HELLO.messages, message_id="m1", model=None))["model"] == "auto"


def test_a_continued_conversation_is_named_with_its_parent() -> None:
    request = TurnRequest(messages=HELLO.messages, message_id="m1", conversation_id="c1", parent_message_id="p1")

    body = body_of(request, {"conversation_id": "captured", "parent_message_id": "captured"})

    assert (body["conversation_id"], body["parent_message_id"]) == ("c1", "p1")


def test_only_the_last_message_has_the_clients_id() -> None:
    messages = (TurnMessage("system", "be brief"), TurnMessage("assistant", "hi"), TurnMessage("user", "hello"))

    body = body_of(TurnRequest(messages=messages, message_id="m1"))

    ids = [message["id"] for message in body["messages"]]
    assert [message["author"]["role"] for message in body["messages"]] == ["system", "assistant", "user"]
    assert ids[-1] == "m1"
    assert len(set(ids)) == 3
    assert prepare_body(body)["partial_query"] == body["messages"][-1]


def test_an_image_with_inputs_points_at_them_before_the_prompt() -> None:
    case = REQUESTS["image_edit_message"]
    files = tuple(
        UploadedFile(
            file["file_id"], file["file_name"], file["mime_type"], file["file_size"], file["width"], file["height"]
        )
        for file in case["uploads"]
    )
    prompt = f"{case['prompt']}\n\nMake the aspect ratio {case['aspect_ratio']}."
    request = TurnRequest(
        messages=(TurnMessage("user", prompt, files),), message_id="m1", kind="image", temporary=True, effort="max"
    )

    body = body_of(request, {"model": "gpt-5-5-thinking"})

    message = {key: body["messages"][0][key] for key in ("author", "content", "metadata")}
    assert message == case["expect_message"]
    assert body["system_hints"] == case["expect_system_hints"]
    assert body["enable_message_followups"] is True
    assert "history_and_training_disabled" not in body
    assert "thinking_effort" not in body
    assert body["model"] == "auto"


def test_a_question_about_a_picture_is_the_same_message_without_the_hint() -> None:
    picture = UploadedFile("file_in1", "a.png", "image/png", 4096, 512, 384)
    messages = (TurnMessage("user", "what is it?", (picture,)),)

    drawn = body_of(TurnRequest(messages=messages, message_id="m1", kind="image"))
    looked_at = body_of(TurnRequest(messages=messages, message_id="m1"), {"system_hints": ["picture_v2"]})

    assert looked_at["messages"] == drawn["messages"]
    assert looked_at["system_hints"] == []


def test_a_research_has_the_metadata_of_the_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Bangkok")
    messages = (TurnMessage("user", "first"), TurnMessage("user", "survey widgets"))
    request = TurnRequest(
        messages=messages, message_id="m1", kind="research", model="gpt-5-5-pro", effort="max", temporary=True
    )

    body = body_of(request, {"model": "captured"})

    assert body["messages"][1]["metadata"] == REQUESTS["deep_research_message_metadata"]
    assert body["messages"][0]["metadata"] == {"serialization_metadata": {"custom_symbol_offsets": []}}
    assert body["system_hints"] == REQUESTS["deep_research_message_metadata"]["system_hints"]
    assert body["model"] == "auto"
    assert not {"history_and_training_disabled", "thinking_effort"} & set(body)
    assert prepare_body(body)["partial_query"] == body["messages"][1]


@pytest.mark.parametrize("case", REQUESTS["file_create"], ids=lambda case: str(case["mime"]))
async def test_a_slot_is_asked_for_as_the_vectors_say(case: dict[str, Any], connector: Connector) -> None:
    connection = connector.connection()
    try:
        with pytest.raises(ProtocolError):
            await upload(
                connection, bytes(case["body"]["file_size"]), name=case["body"]["file_name"], mime_type=case["mime"]
            )
    finally:
        await connection.aclose()

    assert connector.calls == [case["body"]]


def test_sizes_that_are_not_known_are_not_sent_and_other_files_are_only_attached() -> None:
    document = UploadedFile("file_doc", "d.pdf", "application/pdf", 9)
    messages = (TurnMessage("user", "look", (PICTURE,)), TurnMessage("user", "read", (document,)))

    looked, read = body_of(TurnRequest(messages=messages, message_id="m1"))["messages"]

    assert looked["content"]["parts"][0] == {
        "content_type": "image_asset_pointer",
        "asset_pointer": "file-service://file_in1",
        "size_bytes": 4096,
    }
    assert read["content"] == {"content_type": "text", "parts": ["read"]}
    assert read["metadata"]["attachments"] == [
        {"id": "file_doc", "mimeType": "application/pdf", "name": "d.pdf", "size": 9}
    ]


def test_a_temporary_chat_says_so_and_an_effort_is_sent_only_when_chosen() -> None:
    request = TurnRequest(messages=HELLO.messages, message_id="m1", model="gpt-5-5", effort="max", temporary=True)

    assert body_of(request)["history_and_training_disabled"] is True
    assert "history_and_training_disabled" not in prepare_body(body_of(request))
    assert body_of(request)["thinking_effort"] == "max"
    assert "thinking_effort" not in body_of(HELLO, {"thinking_effort": "max"})


def test_a_template_keeps_what_was_captured_and_replaces_what_has_another_type() -> None:
    mode = {"kind": "gizmo_interaction", "gizmo_id": "g"}

    template = turn_template({"conversation_mode": mode, "supports_buffering": "yes", "supported_encodings": None})

    assert template["conversation_mode"] == mode
    assert template["supports_buffering"] is True
    assert template["supported_encodings"] == ["v1"]
    assert "model" not in template
    assert turn_template(template) == template


def test_no_two_templates_share_anything_that_can_change() -> None:
    turn_template(None)["client_contextual_info"]["page_width"] = 1

    assert turn_template(None)["client_contextual_info"]["page_width"] != 1


@given(st.dictionaries(st.text(max_size=12), st.none() | st.integers() | st.text(max_size=4), max_size=5))
def test_whatever_was_captured_a_turn_has_the_same_keys(captured: dict[str, Any]) -> None:
    keys = set(body_of(HELLO))

    assert set(body_of(HELLO, captured)) - {"enable_message_followups"} == keys
