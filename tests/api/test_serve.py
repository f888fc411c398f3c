"""The server as a process: its start, its signals, its end."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from api.serve import serve
from core.errors import PortInUseError, SettingError
from core.settings import Settings, TemporalSettings, load_all
from provider.simulator import Simulator, SimulatorConfig
from provider.simulator import start as start_simulator
from tests.fakes.server import KEY, events
from tests.fakes.waiting import until

HEADERS = {"authorization": f"Bearer {KEY}"}


def settings_for(root: Path, upstream: str = "http://127.0.0.1:1", **server: object) -> Settings:
    return load_all(
        server={"port": 0, "api_key": KEY, **server},
        storage={"data_dir": root / "data"},
        accounts={"accounts_dir": root / "accounts"},
        upstream={"base_url": upstream},
        temporal={"address": "127.0.0.1:1"},
    )


@asynccontextmanager
async def simulated(root: Path) -> AsyncIterator[Simulator]:
    """An upstream with one account, whose capture lies in its folder."""
    simulator = await start_simulator(SimulatorConfig(accounts=("plus",), image_seconds=0.2))
    folder = root / "accounts" / "plus"
    folder.mkdir(parents=True)
    (folder / "chatgpt-request.txt").write_text(simulator.captures()["plus"])
    yield simulator
    await simulator.aclose()


async def serving(settings: Settings, *, with_worker: bool = False) -> tuple[asyncio.Task[None], str]:
    """A server that listens, and its address."""
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    running = asyncio.create_task(serve(settings, with_worker=with_worker, on_ready=address.set_result))
    await asyncio.wait({running, address}, return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        running.result()
    return running, await address


async def test_a_signal_ends_it_in_order(tmp_path: Path) -> None:
    running, address = await serving(settings_for(tmp_path))
    async with httpx2.AsyncClient(base_url=address, trust_env=False) as client:
        assert (await client.get("/health/live")).status_code == 200

    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(running, 5)


async def test_sigterm_gives_streams_their_time_and_ends_the_rest_with_an_error(tmp_path: Path) -> None:
    async with simulated(tmp_path) as simulator:
        running, address = await serving(settings_for(tmp_path, simulator.url, shutdown_seconds=0.6))
        async with httpx2.AsyncClient(base_url=address, headers=HEADERS, timeout=20, trust_env=False) as client:

            async def streamed(scenario: str) -> str:
                body = {"stream": True, "messages": [{"role": "user", "content": f"[sim:{scenario}] count"}]}
                return (await client.post("/v1/chat/completions", json=body)).text

            short = asyncio.create_task(streamed("pace=20,deltas=20"))
            long = asyncio.create_task(streamed("pace=200,deltas=200"))
            await asyncio.sleep(0.3)
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.wait_for(running, 8)

            assert events(await short)[-1] == "[DONE]"
            assert events(await long)[-1]["error"]["code"] == "shutting_down"
        assert len(simulator.ledger.stops) == 1


async def test_with_its_own_worker_one_process_draws(tmp_path: Path, temporal_settings: TemporalSettings) -> None:
    async with simulated(tmp_path) as simulator:
        settings = replace(settings_for(tmp_path, simulator.url), temporal=temporal_settings)
        running, address = await serving(settings, with_worker=True)
        async with httpx2.AsyncClient(base_url=address, headers=HEADERS, timeout=30, trust_env=False) as client:

            async def ready() -> bool:
                return (await client.get("/health/ready")).status_code == 200

            await until(ready, seconds=20)
            answer = await client.post("/v1/images/generations", json={"prompt": "A heron", "size": "1024x1024"})
            picture = await client.get(answer.json()["data"][0]["url"])
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(running, 15)

        assert (answer.status_code, answer.json()["chatgpt_account"]) == (200, "plus")
        assert picture.headers["content-type"].startswith("image/")
        assert sum(submission.kind == "image" for submission in simulator.ledger.submissions) == 1


async def test_a_taken_port_is_an_error_of_one_line(tmp_path: Path) -> None:
    listener = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    async with listener:
        with pytest.raises(PortInUseError):
            await serving(settings_for(tmp_path, port=listener.sockets[0].getsockname()[1]))


async def test_a_weak_key_beyond_loopback_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="CHATGPT_API_KEY"):
        await serving(settings_for(tmp_path, host="0.0.0.0", api_key="local-dev-key"))
