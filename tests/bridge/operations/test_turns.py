"""What each kind asks of upstream, and of an account."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bridge.operations.turns import account_needs, inputs_of, is_temporary, turn_request
from core.contracts.base import Contract
from core.contracts.buckets import Bucket
from core.contracts.images import EditRequest, ImageRequest
from core.contracts.inputs import InputRef
from core.contracts.operations import OperationKind, OperationRecord, OperationState
from core.contracts.research import ResearchRequest
from core.contracts.texts import ResponseMessage, ResponseRequest, VisionRequest
from core.errors import InternalError


def picture(name: str) -> InputRef:
    return InputRef(sha256=name * 4, content_type="image/png", size_bytes=70, width=16, height=12, name=f"{name}.png")


def record(kind: OperationKind, request: Contract) -> OperationRecord:
    return OperationRecord(
        id="op_1",
        kind=kind,
        state=OperationState.ACCEPTED,
        sequence=1,
        owner="primary",
        request=request.model_dump(mode="json"),
        request_digest="digest",
        message_id="message-1",
        model="auto",
        created_at=datetime.now(UTC),
    )


EDIT = record(
    OperationKind.EDIT,
    EditRequest(prompt="make the sky purple", aspect_ratio="16:9", slug="gpt-5", inputs=(picture("a"), picture("b"))),
)
VISION = record(
    OperationKind.VISION,
    VisionRequest(prompt="Read it.", slug="gpt-5", effort="extended", temporary=True, inputs=(picture("a"),)),
)
RESPONSE = record(
    OperationKind.RESPONSE,
    ResponseRequest(
        messages=(
            ResponseMessage(role="user", text="first", inputs=(picture("a"), picture("b"))),
            ResponseMessage(role="assistant", text="seen"),
            ResponseMessage(role="user", text="second", inputs=(picture("c"),)),
        )
    ),
)


def test_an_edit_sends_its_pictures_and_asks_for_exactly_one_in_the_ratio() -> None:
    turn = turn_request(EDIT, ("file_1", "file_2"))

    (message,) = turn.messages
    assert [(file.file_id, file.name, file.mime_type, file.size_bytes) for file in message.files] == [
        ("file_1", "a.png", "image/png", 70),
        ("file_2", "b.png", "image/png", 70),
    ]
    first, instruction, ratio = message.text.split("\n\n")
    assert first == "make the sky purple"
    assert "attached" in instruction
    assert "exactly one picture" in instruction
    assert ratio == "Make the aspect ratio 16:9."
    assert (turn.kind, turn.model, turn.temporary, turn.message_id) == ("image", "gpt-5", False, "message-1")


def test_a_mask_lies_behind_the_pictures_and_is_spoken_of() -> None:
    masked = record(OperationKind.EDIT, EditRequest(prompt="x", inputs=(picture("a"), picture("b")), mask=picture("m")))

    (message,) = turn_request(masked, ("file_1", "file_2", "file_3")).messages
    assert [file.name for file in message.files] == ["a.png", "b.png", "m.png"]
    assert "last attached picture is a mask of the first one" in message.text
    assert len(inputs_of(masked)) == account_needs(masked).inputs == 3


def test_without_a_ratio_nothing_is_said_of_it() -> None:
    free = record(OperationKind.EDIT, EditRequest(prompt="x", inputs=(picture("a"),)))

    assert "ratio" not in turn_request(free, ("file_1",)).messages[0].text


def test_a_picture_alone_says_nothing_of_attachments() -> None:
    alone = record(OperationKind.IMAGE, ImageRequest(prompt="a heron"))

    assert turn_request(alone).messages[0].text == "a heron"


def test_a_question_about_pictures_is_a_chat_and_temporary_only_when_asked_for() -> None:
    turn = turn_request(VISION, ("file_1",))

    assert (turn.kind, turn.model, turn.effort, turn.temporary) == ("chat", "gpt-5", "extended", True)
    assert (turn.messages[0].text, len(turn.messages[0].files)) == ("Read it.", 1)
    assert (is_temporary(VISION), is_temporary(RESPONSE), is_temporary(EDIT)) == (True, False, False)


def test_each_message_of_a_chat_has_its_own_pictures() -> None:
    turn = turn_request(RESPONSE, ("file_1", "file_2", "file_3"))

    assert [(message.role, [file.file_id for file in message.files]) for message in turn.messages] == [
        ("user", ["file_1", "file_2"]),
        ("assistant", []),
        ("user", ["file_3"]),
    ]


def test_a_research_is_asked_for_in_the_callers_words() -> None:
    asked = record(OperationKind.RESEARCH, ResearchRequest(prompt="Survey herons."))

    turn = turn_request(asked)

    assert (turn.kind, turn.messages[0].text, turn.temporary) == ("research", "Survey herons.", False)


def test_a_turn_is_not_made_before_every_picture_lies_upstream() -> None:
    with pytest.raises(InternalError):
        turn_request(EDIT, ("file_1",))


@pytest.mark.parametrize(
    ("operation", "buckets"),
    [
        (EDIT, (Bucket.IMAGE, Bucket.UPLOAD)),
        (VISION, (Bucket.CHAT, Bucket.UPLOAD)),
        (RESPONSE, (Bucket.CHAT, Bucket.UPLOAD)),
        (record(OperationKind.IMAGE, ImageRequest(prompt="x")), (Bucket.IMAGE,)),
        (record(OperationKind.RESEARCH, ResearchRequest(prompt="x")), (Bucket.RESEARCH,)),
        (
            record(OperationKind.RESPONSE, ResponseRequest(messages=(ResponseMessage(role="user", text="x"),))),
            (Bucket.CHAT,),
        ),
    ],
)
def test_a_slot_is_needed_for_the_work_and_for_uploading(
    operation: OperationRecord, buckets: tuple[Bucket, ...]
) -> None:
    assert account_needs(operation).buckets == buckets
    assert (Bucket.UPLOAD in buckets) == bool(inputs_of(operation))
