from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.errors import ProtocolError
from provider.chatgpt_web.assets import final_assets
from provider.chatgpt_web.conversation import Conversation, ListedConversation, listed_conversations
from provider.interface.turns import ImageAsset, ImageState

CASES = json.loads((Path(__file__).parents[2] / "vectors" / "conversation-tree.json").read_text())["cases"]
DONE = "finished_successfully"


def said(identity: str, role: str, text: str, *, status: str = DONE, **more: Any) -> dict[str, Any]:
    content = {"content_type": "text", "parts": [text]}
    return {"id": identity, "author": {"role": role}, "content": content, "status": status, **more}


def drawn(identity: str, *ids: str, status: str = DONE, **more: Any) -> dict[str, Any]:
    parts = [{"content_type": "image_asset_pointer", "asset_pointer": f"sediment://{name}"} for name in ids]
    return said(identity, "tool", "", status=status, **more) | {
        "content": {"content_type": "multimodal_text", "parts": parts}
    }


def document(*messages: dict[str, Any], async_status: object = None) -> dict[str, Any]:
    mapping: dict[str, Any] = {"root": {"id": "root", "parent": None, "children": [], "message": None}}
    parent = "root"
    for message in messages:
        mapping[parent]["children"].append(message["id"])
        mapping[message["id"]] = {"id": message["id"], "parent": parent, "children": [], "message": message}
        parent = message["id"]
    return {"conversation_id": "c", "current_node": parent, "async_status": async_status, "mapping": mapping}


def state(*messages: dict[str, Any], async_status: object = None, **more: Any) -> ImageState:
    ask = said("u", "user", "draw")
    return Conversation(document(ask, *messages, async_status=async_status)).image_state("u", **more)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_documents_hold_the_answers_of_the_vectors(case: dict[str, Any]) -> None:
    conversation = Conversation(case["document"])
    expected = case["expect"]
    answer = conversation.answer()
    assert (answer.text, answer.message_id, answer.finished) == (
        expected["text"],
        expected["message_id"],
        expected["finished"],
    )
    assert [message["id"] for message in conversation.branch] == expected["branch"]
    task = conversation.image_task()
    assert (task.task_id if task else None) == expected.get("image_task_id")
    assert (task.status if task else None) == expected.get("image_task_status")
    assert [asset.pointer for asset in final_assets(conversation.branch)] == expected.get("assets", [])


def test_a_submission_is_found_by_its_message_id_wherever_it_is() -> None:
    conversation = Conversation(CASES[0]["document"])
    assert conversation.contains("u1")
    assert conversation.contains("a2x")
    assert not conversation.contains("never sent")
    assert not conversation.contains("root")
    other_key = {"current_node": None, "mapping": {"node-1": {"message": {"id": "u-9"}}, "node-2": None}}
    assert Conversation(other_key).contains("u-9")


def test_a_turn_ends_before_the_next_user_message() -> None:
    conversation = Conversation(CASES[0]["document"])
    assert conversation.answer("u1").text == "old answer"
    assert conversation.answer("u2").text == "newanswer"
    assert conversation.turn("never sent") == []


def test_a_turn_off_the_active_branch_is_its_newest_variant() -> None:
    tree = document(said("u1", "user", "a"), said("a1", "assistant", "first", end_turn=True))
    tree["mapping"]["u2"] = {"parent": "root", "children": ["old", "new"], "message": said("u2", "user", "b")}
    tree["mapping"]["old"] = {"parent": "u2", "children": [], "message": said("old", "assistant", "old")}
    tree["mapping"]["new"] = {"parent": "u2", "children": ["new"], "message": said("new", "assistant", "new")}
    assert Conversation(tree).answer("u2").text == "new"


@pytest.mark.parametrize("odd", [None, [], {}, {"mapping": None}, {"messages": [], "page_info": {}}])
def test_an_unsupported_shape_is_told_instead_of_guessed(odd: object) -> None:
    with pytest.raises(ProtocolError):
        Conversation(odd)


def test_nothing_yet_is_pending_without_a_task() -> None:
    assert state() == ImageState("pending")
    assert Conversation(document()).image_state("u") == ImageState("pending")
    assert state(said("a", "assistant", "Thinking", status="in_progress")) == ImageState("pending")


@pytest.mark.parametrize("status", [DONE, "in_progress"])
@pytest.mark.parametrize("async_status", [None, 3, 7])
def test_a_placeholder_is_pending(status: str, async_status: object) -> None:
    placeholder = said("t", "tool", "Processing image", status=status, metadata={"image_gen_task_id": "task"})
    assert state(placeholder, async_status=async_status) == ImageState("pending", task_id="task")


def test_a_finished_picture_is_ready_and_inputs_never_are() -> None:
    ask = said("u", "user", "edit", metadata={"attachments": [{"id": "file_in1"}]})
    tree = document(ask, drawn("t", "file_in1", "file_in2", "file_out"))
    ready = Conversation(tree).image_state("u", uploaded=frozenset({"file_in2"}))
    assert ready == ImageState("ready", assets=(ImageAsset("sediment://file_out", "file_out"),))
    assert state(drawn("t", "file_in"), uploaded=frozenset({"file_in"})) == ImageState("pending")


def test_an_input_of_an_earlier_turn_is_no_result_of_this_one() -> None:
    earlier = said("u0", "user", "look", metadata={"attachments": [{"id": "file_old"}]})
    tree = document(earlier, said("u", "user", "change it"), drawn("t", "file_old"))
    assert Conversation(tree).image_state("u") == ImageState("pending")


def test_a_picture_waits_for_those_still_being_made() -> None:
    task = {"image_gen_task_id": "task"}
    pending = state(drawn("t1", "file_1", metadata=task), drawn("t2", "file_2", status="in_progress", metadata=task))
    assert pending == ImageState("pending", task_id="task", previews=(ImageAsset("sediment://file_2", "file_2"),))


def test_words_instead_of_a_picture_are_a_refusal() -> None:
    refused = state(said("a", "assistant", "I cannot draw that.", end_turn=True))
    assert refused == ImageState("refused", text="I cannot draw that.")


def test_words_after_the_placeholder_are_a_refusal_unless_work_goes_on() -> None:
    placeholder = said("t", "tool", "Processing image", metadata={"image_gen_task_id": "task"})
    words = said("a", "assistant", "It did not work.", end_turn=True)
    assert state(placeholder, words) == ImageState("refused", text="It did not work.", task_id="task")
    assert state(placeholder, words, async_status=3).status == "pending"
    before = said("a", "assistant", "Drawing now.", end_turn=True)
    assert state(before, placeholder).status == "pending"


def test_asynchronous_work_that_ended_without_a_picture_is_a_refusal_without_words() -> None:
    task = {"image_gen_task_id": "task"}
    assert state(said("t", "tool", "", metadata=task), async_status=4) == ImageState("refused", task_id="task")
    failed = said("t", "tool", "", status="finished_with_error", metadata=task)
    assert state(failed) == ImageState("refused", task_id="task")


def test_a_system_error_gives_its_words() -> None:
    content = {"content_type": "system_error", "name": "tool_error", "text": "Error: no"}
    assert state(said("e", "assistant", "", end_turn=True) | {"content": content}) == ImageState(
        "refused", text="Error: no"
    )


def test_the_list_of_conversations_names_them_with_their_time() -> None:
    instant = datetime(2030, 1, 1, 3, 0, tzinfo=UTC)
    items = [
        {"id": "a", "update_time": "2030-01-01T03:00:00.000000Z"},
        {"id": "b", "update_time": instant.timestamp()},
        {"id": "c", "update_time": "2030-01-01T03:00:00"},
        {"id": "d", "update_time": "soon"},
        {"id": None},
        None,
    ]
    listed = listed_conversations({"items": items})
    assert listed[:3] == tuple(ListedConversation(name, instant) for name in "abc")
    assert listed[3:] == (ListedConversation("d", None),)


@pytest.mark.parametrize("odd", [None, [], {}, {"items": None}])
def test_a_list_that_cannot_be_read_proves_nothing(odd: object) -> None:
    with pytest.raises(ProtocolError):
        listed_conversations(odd)
