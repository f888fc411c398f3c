"""Picture turns: in the stream, asynchronous, refused (docs/protocol.md section 5)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from provider.simulator import script, wire
from provider.simulator.accounts import Account
from provider.simulator.blobs import Blob
from provider.simulator.painting import Picture, frame_size, paint
from provider.simulator.refusals import RefusedError, detail
from provider.simulator.running import Do, Note, Pause, Step, Turn
from provider.simulator.scenarios import Scenario
from provider.simulator.submission import Body
from provider.simulator.world import World

REFUSAL = (
    "I can't create that image because it goes against the content guidelines. "
    "If you like, describe something else and I will gladly draw it."
)
APOLOGY = "Something went wrong while making the image. Nothing was created."
_PLACEHOLDER = "Processing image\n\nThis can take a moment."
_SLOW = 10.0
_AT_ONCE = 2
_NEVER = 365 * 24 * 3600.0

Announce = Callable[[Account, str, str, dict[str, Any]], None]


class ImageWork:
    """Makes the steps of picture turns and carries the work behind them."""

    def __init__(self, world: World, announce: Announce) -> None:
        self._world = world
        self._announce = announce
        self._painters = asyncio.Semaphore(_AT_ONCE)

    def check(self, account: Account, body: Body, scenario: Scenario) -> None:
        """Take what the pictures cost.

        Raises:
            RefusedError: a temporary chat, or no pictures left.
        """
        if body.temporary:
            raise RefusedError(detail(400, "Image generation is not available in temporary chats."))
        if not account.spend("image_gen", scenario.images):
            raise account.exhausted("image_gen", "You have reached the image generation limit")

    def steps(self, turn: Turn, cast: script.Cast, body: Body) -> list[Step]:
        """The whole turn."""
        way = turn.scenario.image or self._world.dials.image
        if way == "refused":
            return script.text_steps(turn, cast, (REFUSAL[:40], REFUSAL[40:]))
        cast.tool = {"turn_use_case": "image gen", "tool_invoked": True, "tool_name": "ImageGenToolTemporal"}
        if way == "none":
            return [*script.head(turn, cast), *script.tail(turn, cast)]
        turn.submission.images = turn.scenario.images
        opening = [*script.head(turn, cast), *self._call(turn, cast)]
        if way == "inline":
            return [*opening, Do(lambda: self._inline(turn, cast, body)), *script.tail(turn, cast)]
        return [*opening, *self._placeholder(turn, cast, body, way), *script.tail(turn, cast)]

    def _seconds(self, turn: Turn) -> float:
        asked = turn.scenario.seconds
        return self._world.scaled(self._world.dials.image_seconds if asked is None else asked)

    def _call(self, turn: Turn, cast: script.Cast) -> list[Step]:
        """The assistant's call of its image tool, on channel 1."""
        width, height = frame_size(turn.prompt, turn.scenario.pixels)
        call = {"prompt": turn.prompt, "size": f"{width}x{height}", "n": turn.scenario.images}
        message = wire.new_message(
            cast.answer_id,
            "assistant",
            {"content_type": "code", "language": "json", "text": wire.dumps(call)},
            metadata={"image_gen_multi_stream": True},
            recipient=wire.IMAGE_TOOL,
            channel="commentary",
        )
        return [Note(lambda: turn.conversation.add(message)), wire.document(message, turn.conversation.id, 1)]

    async def _inline(self, turn: Turn, cast: script.Cast, body: Body) -> list[Step]:
        seconds = self._seconds(turn)
        previews = [await self._paint(turn, body, preview=index + 1) for index in range(turn.scenario.previews)]
        blobs = await self._paint(turn, body)
        echoes = self._echoes(turn, body)
        blobs = [] if turn.scenario.echo_only else blobs
        message = self._tool_message(cast.new_id(), [*echoes, *(previews[0] if previews else blobs)])
        message["status"] = "in_progress"
        finished = self._tool_message(message["id"], [*echoes, *blobs])
        closing = wire.new_message(cast.new_id(), "assistant", wire.text(""), end_turn=True)

        def done() -> None:
            turn.conversation.update(finished)
            turn.conversation.add(closing)

        pause = Pause(seconds / (len(previews) + 1))
        steps: list[Step] = [
            pause,
            Note(lambda: turn.conversation.add(message)),
            wire.document(message, turn.conversation.id, 2),
        ]
        for shown in [*previews[1:], blobs]:
            entries: list[tuple[str, str, Any]] = [
                (f"/message/content/parts/{at}", "replace", _part(blob)) for at, blob in enumerate(shown, len(echoes))
            ]
            if shown is blobs:
                entries.append(("/message/status", "replace", "finished_successfully"))
            steps.extend((*((pause,) if previews else ()), wire.patch(*entries)))
        return [*steps, wire.document(closing, turn.conversation.id, 3), Note(done)]

    def _placeholder(self, turn: Turn, cast: script.Cast, body: Body, way: str) -> list[Step]:
        task_id = f"imgtask-{turn.id}"
        metadata = {
            "ui_card": True,
            "ui_card_title": "Processing image",
            "image_gen_async": True,
            "trigger_async_ux": True,
            "image_gen_task_id": task_id,
            "image_gen_multi_stream": True,
        }
        shown = wire.new_message(
            cast.new_id(), "tool", wire.text(_PLACEHOLDER), name=wire.IMAGE_TOOL, end_turn=True, metadata=metadata
        )
        kept = {**shown, "status": "in_progress", "end_turn": None}

        def begin() -> None:
            turn.conversation.add(kept)
            turn.conversation.async_status = 3
            turn.work = self._world.spawn(self._later(turn, body, kept, way))

        return [Note(begin), wire.document(shown, turn.conversation.id, 2)]

    async def _later(self, turn: Turn, body: Body, placeholder: dict[str, Any], way: str) -> None:
        """The work behind a placeholder."""
        self._tell(turn, "async-task-start", {"task_id": placeholder["metadata"]["image_gen_task_id"]})
        stopped = True
        try:
            stopped = await self._waited(turn, body, placeholder, way)
        finally:
            turn.account.running -= 1
            self._world.ledger.close(turn.submission, "stopped" if stopped else "completed")

    async def _waited(self, turn: Turn, body: Body, placeholder: dict[str, Any], way: str) -> bool:
        """Wait, draw, and put the result in the placeholder's place; returns whether it was stopped before."""
        seconds = self._seconds(turn) * (_SLOW if way == "slow" else 1.0)
        await turn.rest(_NEVER if way == "never" else seconds)
        conversation = turn.conversation
        stopped = turn.stopping.is_set()
        if stopped:
            changed: dict[str, Any] = {"status": "finished_partial_completion"}
        elif way == "failed":
            changed = {"status": "finished_with_error", "content": wire.text(APOLOGY)}
        else:
            blobs = [] if turn.scenario.echo_only else await self._paint(turn, body)
            finished = self._tool_message(placeholder["id"], [*self._echoes(turn, body), *blobs])
            changed = {"status": "finished_successfully", "content": finished["content"]}
        message = {**placeholder, **changed, "end_turn": True}
        conversation.update(message)
        conversation.async_status = None if stopped else 4
        turn.account.conversations.touch(conversation)
        self._tell(turn, "async-task-update-message", {"message": message})
        self._tell(turn, "async-task-completed", {"task_id": placeholder["metadata"]["image_gen_task_id"]})
        self._tell(turn, "set-conversation-async-status", {"conversation_async_status": conversation.async_status})
        return stopped

    def _tell(self, turn: Turn, kind: str, content: dict[str, Any]) -> None:
        self._announce(turn.account, turn.conversation.id, kind, content)

    async def _paint(self, turn: Turn, body: Body, *, preview: int = 0) -> list[Blob]:
        """Draw the turn's pictures in worker threads and keep them as files."""
        scenario = turn.scenario
        given = [self._world.blobs.get(identity) for identity in body.uploaded]
        inset = next((blob.content for blob in given if blob is not None and blob.content is not None), None)
        blobs = []
        for number in range(scenario.images):
            wanted = Picture(
                turn.prompt, self._world.config.seed, number, scenario.pixels, preview=preview, inset=inset
            )
            async with self._painters:
                content = await asyncio.to_thread(paint, wanted)
            blobs.append(self._keep(turn, content, number))
        return blobs

    def _echoes(self, turn: Turn, body: Body) -> list[Blob]:
        """The inputs that come back beside the result: the same ids, under the other scheme."""
        if not (turn.scenario.echo_input or turn.scenario.echo_only):
            return []
        return [blob for identity in body.uploaded if (blob := self._world.blobs.get(identity)) is not None]

    def _keep(self, turn: Turn, content: bytes, number: int) -> Blob:
        scenario = turn.scenario
        identity = f"file_{self._world.new_id().replace('-', '')}"
        width, height = frame_size(turn.prompt, scenario.pixels)
        blob = Blob(
            identity,
            turn.account.alias,
            f"{turn.account.user_id}/{identity}.png",
            "image/png",
            len(content),
            content,
            conversation_id=turn.conversation.id,
            confirmed=True,
            trouble=scenario.download,
            slot=f"gen-{turn.id[:8]}-{number}",
            width=width,
            height=height,
        )
        self._world.blobs.add(blob)
        return blob

    def _tool_message(self, identity: str, blobs: list[Blob]) -> dict[str, Any]:
        content = {"content_type": "multimodal_text", "parts": [_part(blob) for blob in blobs]}
        metadata = {"async_task_type": "image_gen"}
        return wire.new_message(identity, "tool", content, name=wire.IMAGE_TOOL, metadata=metadata)


def _part(blob: Blob) -> dict[str, Any]:
    """The asset pointer of a picture."""
    return {
        "content_type": "image_asset_pointer",
        "asset_pointer": f"sediment://{blob.id}",
        "size_bytes": blob.size_bytes,
        "width": blob.width,
        "height": blob.height,
        "fovea": None,
        "metadata": {
            "dalle": {"gen_id": blob.slot, "prompt": "", "seed": None, "parent_gen_id": None, "edit_op": None},
            "generation": {"gen_id": blob.slot, "gen_size": "image", "height": blob.height, "width": blob.width},
        },
    }
