"""The research operation, from its start to its report or to its failure, on a real server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.errors import (
    AuthExpiredError,
    BridgeError,
    FeatureLimitError,
    UpstreamError,
)
from core.settings import TemporalSettings
from tests.fakes.research import COMPLETED, HANDLE, REPORT, RUNNING, ResearchWorld, ended, half_way
from tests.fakes.waiting import until
from tests.fixtures.durable import Workbench
from tests.workflows.research.steps import begin, completed, content, opened, progressed


async def test_a_research_ends_with_its_report_and_the_list_of_its_sources(bench: Workbench) -> None:
    done = await completed(bench, record := await begin(bench))

    report, sources = done.artifacts
    assert [report.kind, sources.kind] == ["research", "sources"]
    assert report.filename == f"{int(done.created_at.timestamp())}-what-do-herons-eat.md"
    assert sources.filename == report.filename.replace(".md", ".sources.json")
    assert done.text == REPORT
    written = await content(bench, done)
    assert written.endswith(f"---\n\n{REPORT}\n")
    assert 'prompt: "What do herons eat?"\naccount: "one"\n' in written
    told = json.loads(await content(bench, done, 1))
    assert [source["url"] for source in told["sources"]] == ["https://birds.test/herons", "https://birds.test/egrets"]
    assert await bench.states(record) == ["accepted", "submitting", "running", "saving", "completed"]
    assert len(bench.upstream.submissions) == 1


async def test_the_log_tells_steps_sources_and_time(bench: Workbench) -> None:
    done = await completed(bench, await begin(bench))

    told = [event.data for event in await bench.events(done) if event.type == "progress"]
    assert [(event["done"], event["total"], event["sources"]) for event in told] == [(0, 2, None), (1, 2, 1)]
    assert all(event["elapsed_seconds"] >= 0 for event in told)


async def test_the_report_is_not_in_the_history(bench: Workbench) -> None:
    done = await completed(bench, await begin(bench))

    codec = bench.temporal._client.data_converter.payload_codec
    assert codec is not None
    history = await bench.temporal._client.get_workflow_handle(done.id).fetch_history()
    found = []
    for event in history.events:
        completion = event.activity_task_completed_event_attributes
        found += [payload.data.decode() for payload in await codec.decode(completion.result.payloads)]
    assert any("running" in text for text in found)
    assert not any("They wade" in text for text in found)


async def test_an_answer_in_words_is_the_report(bench: Workbench, world: ResearchWorld) -> None:
    world.words = "Which herons do you mean?"

    done = await completed(bench, await begin(bench))

    assert done.text == "Which herons do you mean?"
    assert "sources: []" in await content(bench, done)


async def test_a_research_that_the_stream_did_not_name_is_found_in_the_conversation(
    bench: Workbench, world: ResearchWorld
) -> None:
    world.names, world.hidden_looks = False, 1

    done = await completed(bench, await begin(bench))

    assert done.text == REPORT
    assert done.research is not None
    assert done.research.session_id == HANDLE.session_id


async def test_a_research_that_upstream_never_shows_fails(bench: Workbench, world: ResearchWorld) -> None:
    world.names, world.hidden_looks = False, -1
    world.acknowledges = ""

    done = await bench.finished(await begin(bench))

    assert done.failure is not None
    assert (done.failure.code, done.failure.spent) == ("research_failed", True)


@pytest.mark.parametrize("status", ["failed", "rate_limited", "error"])
async def test_a_research_that_upstream_gives_up_fails(bench: Workbench, world: ResearchWorld, status: str) -> None:
    world.begins = [RUNNING, ended(status)]

    done = await bench.finished(await begin(bench))

    assert done.failure is not None
    assert (done.failure.code, done.failure.spent) == ("research_failed", True)
    assert f"`{status}`" in done.failure.message


async def test_a_report_that_is_missing_fails(bench: Workbench, world: ResearchWorld) -> None:
    world.begins = [RUNNING, COMPLETED.__class__("completed", "completed")]

    done = await bench.finished(await begin(bench))

    assert done.failure is not None
    assert done.failure.code == "research_failed"


async def test_a_research_that_somebody_stops_upstream_ends_cancelled(bench: Workbench, world: ResearchWorld) -> None:
    world.begins = [RUNNING, ended("cancelled")]

    done = await bench.finished(await begin(bench))

    assert (done.state, done.failure, world.research_stops) == ("cancelled", None, [])


@pytest.mark.parametrize("trouble", [UpstreamError("502"), UpstreamError("503")])
async def test_a_watch_that_breaks_goes_on_from_its_offset(
    bench: Workbench, world: ResearchWorld, trouble: BridgeError
) -> None:
    world.begins, world.watching = [RUNNING, half_way()], [None]
    record = await begin(bench)
    await until(lambda: progressed(bench, record, 1))
    world.watching = [trouble]
    world.states.append(COMPLETED)

    await completed(bench, record)

    assert len(world.submissions) == 1


async def test_an_upstream_that_cannot_be_followed_at_all_fails_the_research(
    bench: Workbench, world: ResearchWorld
) -> None:
    world.watching = [UpstreamError("502")] * 9

    done = await bench.finished(await begin(bench))

    assert done.failure is not None
    assert (done.failure.code, done.failure.spent) == ("upstream_error", True)
    assert len(world.offsets) == 3


async def test_an_account_that_expires_and_stays_so_says_what_to_do(
    tmp_path: Path, temporal_settings: TemporalSettings, world: ResearchWorld
) -> None:
    world.watching = [AuthExpiredError("expired")]
    async with (
        opened(tmp_path, temporal_settings, world, research_limit_seconds=1) as bench,
        bench.worker(),
    ):
        done = await bench.finished(await begin(bench))

    assert done.failure is not None
    assert (done.failure.code, done.failure.fault) == ("auth_expired", "account")
    assert "refreshed" in done.failure.message


async def test_a_quota_that_is_used_up_spends_nothing(bench: Workbench, world: ResearchWorld) -> None:
    world.entering = [FeatureLimitError("no research left")]

    done = await bench.finished(await begin(bench))

    assert done.failure is not None
    assert (done.failure.code, done.failure.spent) == ("feature_limit", False)


async def test_a_silent_research_is_looked_at_once_more_and_times_out(
    tmp_path: Path, temporal_settings: TemporalSettings, world: ResearchWorld
) -> None:
    world.begins = [RUNNING]
    async with (
        opened(tmp_path, temporal_settings, world, research_silence_seconds=0.4) as bench,
        bench.worker(),
    ):
        done = await bench.finished(await begin(bench))

    assert done.failure is not None
    assert (done.failure.code, done.failure.spent, world.looks) == ("operation_timeout", True, 1)
    assert "`researching`" in done.failure.message


async def test_a_report_that_is_seen_only_at_the_wall_limit_counts(
    tmp_path: Path, temporal_settings: TemporalSettings, world: ResearchWorld
) -> None:
    world.at_watch.clear()
    async with (
        opened(tmp_path, temporal_settings, world, research_limit_seconds=0.8) as bench,
        bench.worker(),
    ):
        done = await completed(bench, await begin(bench))

    assert (done.text, world.looks) == (REPORT, 1)
