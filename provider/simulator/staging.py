"""From an accepted turn to the steps that play it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Any

from provider.simulator import answers, catalog, script, wire
from provider.simulator.accounts import Account
from provider.simulator.conversations import text_of
from provider.simulator.documents import described
from provider.simulator.door import Visit
from provider.simulator.eyes import seen
from provider.simulator.images import ImageWork
from provider.simulator.research import ResearchWork
from provider.simulator.running import Do, Step, Turn
from provider.simulator.submission import Body, attached, pointed
from provider.simulator.thinking import USUAL, Thought
from provider.simulator.world import World

_HEAD = 4
_LIMITS_SECONDS = 600


class Stage:
    """Chooses what a turn says and lays out its steps."""

    def __init__(self, world: World, images: ImageWork, research: ResearchWork) -> None:
        self._world = world
        self._images = images
        self._research = research
        self._limits: dict[str, tuple[Any, bytes]] = {}

    def steps(self, turn: Turn, visit: Visit, body: Body, model: str, *, new: bool) -> list[Step]:
        """The whole turn; `new` when it opens its conversation."""
        cast = self.cast(turn, model, new=new)
        if turn.submission.kind == "image":
            steps = self._images.steps(turn, cast, body)
        elif turn.submission.kind == "research":
            steps = self._research.steps(turn, cast)
        else:
            steps = script.text_steps(turn, cast, self._parts(turn))
        scenario = turn.scenario
        if scenario.plain:
            return steps
        if scenario.hold == "after":
            steps[_HEAD:_HEAD] = [Do(lambda: self._held(turn, visit))]
        for count, reset in ((scenario.cut, False), (scenario.reset, True)):
            if count is not None:
                steps = script.cut_at(steps, count, reset=reset)
        return steps

    def cast(self, turn: Turn, model: str, *, new: bool) -> script.Cast:
        """Who and what the turn's script is about."""
        world = self._world
        pace = world.dials.delta_ms if turn.scenario.pace is None else turn.scenario.pace
        title = answers.title(turn.prompt) if new else None
        if title is not None:
            turn.conversation.title = title
        branch = turn.conversation.branch()
        user = next((message for message in reversed(branch) if message["author"]["role"] == "user"), branch[-1])
        return script.Cast(
            user=user,
            answer_id=world.new_id(),
            model=model,
            title=title,
            limits=self._limits_event(turn.account),
            resume_token=resume_token(turn),
            pace=world.scaled(pace / 1000),
            scale=world.dials.time_scale,
            new_id=world.new_id,
            thoughts=_thoughts(turn, model),
        )

    def _parts(self, turn: Turn) -> tuple[str, ...]:
        scenario = turn.scenario
        number = scenario.deltas or self._world.dials.deltas
        if turn.cue is not None:
            return answers.slices(turn.cue.line.text, number)
        branch = turn.conversation.branch()
        if scenario.echo:
            return answers.pieces(turn.prompt, number, grow=False)
        asked_for = replace(_question(turn.prompt, branch), seen=self._seen(branch))
        text = answers.compose(self._world.config.seed, asked_for)
        return answers.pieces(text, number, grow=True)

    def _seen(self, branch: list[dict[str, Any]]) -> tuple[str, ...]:
        """What the pictures and the documents of the last user message show."""
        asked = next((message for message in reversed(branch) if message["author"]["role"] == "user"), None)
        if asked is None:
            return ()
        pictures = pointed(asked)
        documents = [identity for identity in attached(asked) if identity not in pictures]
        return tuple(
            seen(blob.content) if blob.id in pictures else described(blob.name, blob.mime_type, blob.content)
            for blob in map(self._world.blobs.get, (*pictures, *documents))
            if blob is not None and blob.content is not None
        )

    async def _held(self, turn: Turn, visit: Visit) -> None:
        """Wait for a release, or for a stop."""
        released = asyncio.ensure_future(self._world.holds.wait(visit.call, "turn"))
        stopped = asyncio.ensure_future(turn.stopping.wait())
        try:
            await asyncio.wait((released, stopped), return_when=asyncio.FIRST_COMPLETED)
        finally:
            released.cancel()
            stopped.cancel()

    def _limits_event(self, account: Account) -> bytes:
        left = tuple(account.features.items())
        key = (left, tuple(account.blocked), tuple(account.model_limits), time.monotonic() // _LIMITS_SECONDS)
        known = self._limits.get(account.alias)
        if known is None or known[0] != key:
            known = (key, wire.typed(account.limits()))
            self._limits[account.alias] = known
        return known[1]


def resume_token(turn: Turn) -> str:
    """The credential of the turn's read-only resume."""
    return f"resume.{turn.id}.token"


def _thoughts(turn: Turn, model: str) -> tuple[Thought, ...]:
    told = turn.cue.line.thoughts if turn.cue is not None else None
    if told is not None:
        return told
    return USUAL if turn.scenario.thinking or catalog.thinks(model) else ()


def _question(prompt: str, branch: list[dict[str, Any]]) -> answers.Question:
    system = " ".join(text_of(message) for message in branch if message["author"]["role"] == "system")
    asked = [message for message in branch if message["author"]["role"] == "user"]
    spoken = [message for message in branch if message["author"]["role"] in ("user", "assistant")]
    first = text_of(asked[0]) if len(asked) > 1 else ""
    attached = asked[-1]["metadata"].get("attachments", ()) if asked else ()
    files = tuple(str(file.get("name", "a file")) for file in attached)
    return answers.Question(prompt, system, max(1, len(spoken)), first, files)


def asked(branch: list[dict[str, Any]]) -> str:
    """The text of the branch's last user message."""
    return next((text_of(message) for message in reversed(branch) if message["author"]["role"] == "user"), "")
