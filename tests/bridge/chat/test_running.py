"""Chats that brought an id of their own."""

from __future__ import annotations

from typing import Any, cast

import pytest

from bridge.chat.choices import Choices
from bridge.chat.models import ModelChoice
from bridge.chat.order import ChatOrder
from bridge.chat.running import RunningChat, RunningChats
from bridge.chat.transcript import Said
from bridge.chat.uploads import Uploads
from core.errors import OperationIdTakenError


def chat(ended: list[str] | None = None) -> RunningChat:
    run = Choices(cast(Any, None), Uploads(), ChatOrder((Said("user", "Hi"),), ModelChoice("auto")))
    return RunningChat("mine", "primary", "auto", run, lambda: (ended if ended is not None else []).append("ended"))


def test_a_chat_is_found_by_its_owner_while_it_runs() -> None:
    chats, one = RunningChats(), chat()

    with chats.running(one):
        assert chats.get("mine", "primary") is one
        assert chats.get("mine", "somebody") is None
    assert chats.get("mine", "primary") is None


def test_an_id_is_taken_while_its_chat_runs() -> None:
    chats = RunningChats()

    with chats.running(chat()), pytest.raises(OperationIdTakenError), chats.running(chat()):
        pass
    chats.require_free("mine")


def test_state_and_cancel_follow_the_run() -> None:
    ended: list[str] = []
    one = chat(ended)

    assert (one.state, one.last_cancel_result) == ("waiting_for_account", None)
    one.cancel()
    assert (ended, one.cancel_requested) == (["ended"], True)
    assert one.last_cancel_result == {"pending": "provider_not_selected"}
    one.run.runs[0].account = "plus"
    assert (one.state, one.last_cancel_result) == ("submitting", {"pending": "conversation_id_not_available"})
    one.run.runs[0].progress.conversation_id = "c-1"
    assert one.state == "running"
    assert one.last_cancel_result == {"conversation": {"conversation_id": "c-1", "stopping": True}}
