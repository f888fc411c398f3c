"""What a session tells of its account's quota, over real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from core.errors import BridgeError, FeatureLimitError
from provider.chatgpt_web.adapter import ChatGPTWeb, WebSession
from provider.interface.accounts import Limits
from provider.interface.quota import Source
from provider.simulator import Simulator
from tests.fakes.upstream import png
from tests.provider.chatgpt_web.conftest import asked, events_of


@dataclass
class Heard:
    """A watcher that remembers, and the session that it watches."""

    told_: list[tuple[str, float | None]] = field(default_factory=list)
    spent_: list[str] = field(default_factory=list)
    refused_: list[tuple[str, float | None]] = field(default_factory=list)

    def told(self, alias: str, limits: Limits, *, source: Source) -> None:
        assert alias == "plus"
        self.told_.append((source, limits.features["image_gen"].remaining))

    def spent(self, alias: str, feature: str) -> None:
        self.spent_.append(feature)

    def refused(self, alias: str, feature: str, *, retry_after_seconds: float | None) -> None:
        self.refused_.append((feature, retry_after_seconds))


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def watched(simulator: Simulator, heard: Heard) -> AsyncIterator[WebSession]:
    provider = ChatGPTWeb(simulator.url, backoff_scale=0.01, quota=heard)
    session = provider.open("plus", simulator.captures()["plus"])
    yield session
    await session.aclose()


async def test_the_end_of_a_chat_tells_what_is_left_and_costs_nothing(watched: WebSession, heard: Heard) -> None:
    await events_of(watched, asked("hello"))
    assert [source for source, _ in heard.told_] == ["stream"]
    assert heard.spent_ == []


async def test_a_picture_costs_one_before_upstream_has_said_so(watched: WebSession, heard: Heard) -> None:
    before = (await watched.limits()).features["image_gen"].remaining
    async with watched.turn(asked("[sim:image=inline,seconds=0] a heron", image=True), on_close="leave") as turn:
        assert heard.spent_ == ["image_gen"]
        async for _ in turn:
            pass
    assert before is not None
    assert heard.told_ == [("probe", before), ("stream", before - 1)]


async def test_an_upload_costs_one(watched: WebSession, heard: Heard) -> None:
    await watched.upload(png(), name="a.png", mime_type="image/png")
    assert heard.spent_ == ["file_upload"]


@pytest.mark.parametrize(
    ("rule", "feature"), [("image_limit", "image_gen"), ("upload_limit", "file_upload")], ids=["turn", "upload"]
)
async def test_a_refusal_names_the_feature_that_is_used_up(
    simulator: Simulator, watched: WebSession, heard: Heard, rule: str, feature: str
) -> None:
    path = "/backend-api/f/conversation" if feature == "image_gen" else "/backend-api/files"
    simulator.add_rule(method="POST", path=path, refusal=rule)
    drawing = events_of(watched, asked("a heron", image=True))
    uploading = watched.upload(png(), name="a.png", mime_type="image/png")
    wanted, other = (drawing, uploading) if feature == "image_gen" else (uploading, drawing)
    other.close()
    with pytest.raises(FeatureLimitError):
        await wanted
    assert [name for name, _ in heard.refused_] == [feature]
    assert heard.spent_ == []


async def test_other_refusals_say_nothing_of_quota(simulator: Simulator, watched: WebSession, heard: Heard) -> None:
    with pytest.raises(BridgeError):
        await events_of(watched, asked("[sim:fault=rate_limited] hello"))
    assert heard.refused_ == []


async def test_a_session_whose_place_another_has_taken_tells_nothing_more(watched: WebSession, heard: Heard) -> None:
    watched.retire()
    await events_of(watched, asked("hello"))
    await watched.limits()
    assert (heard.told_, heard.spent_) == ([], [])
