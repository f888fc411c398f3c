"""Starting, refusing to start, ending."""

from __future__ import annotations

import asyncio
import signal
import sys

import pytest

from core.errors import PortInUseError, SettingError
from provider.simulator import SimulatorConfig, parse_accounts, start


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "example.test", ""])
async def test_only_loopback_is_listened_on(host: str) -> None:
    with pytest.raises(SettingError, match="loopback"):
        await start(SimulatorConfig(host=host))


@pytest.mark.parametrize("base_url", ["https://chatgpt.com", "https://ws.chatgpt.com/x", "http://10.0.0.1:80"])
async def test_real_backend_and_other_machines_are_refused(base_url: str) -> None:
    with pytest.raises(SettingError):
        await start(SimulatorConfig(base_url=base_url))


@pytest.mark.parametrize(
    "config",
    [
        SimulatorConfig(accounts=()),
        SimulatorConfig(accounts=("plus",) * 257),
        SimulatorConfig(port=70_000),
        SimulatorConfig(time_scale=-1),
        SimulatorConfig(deltas=0),
        SimulatorConfig(difficulty="0G"),
    ],
)
def test_impossible_configuration_is_refused(config: SimulatorConfig) -> None:
    with pytest.raises(SettingError):
        config.check()


async def test_taken_port_is_said_to_be_taken() -> None:
    first = await start()
    try:
        with pytest.raises(PortInUseError):
            await start(SimulatorConfig(port=first.port))
    finally:
        await first.aclose()


async def test_two_run_side_by_side() -> None:
    one, two = await start(), await start()
    assert one.port != two.port
    await one.aclose()
    await two.aclose()


def test_accounts_in_short_form() -> None:
    assert parse_accounts("free, plus x 3,pro") == ("free", "plus", "plus", "plus", "pro")
    for wrong in ("", "plus x", "plus,,pro", "3"):
        with pytest.raises(SettingError):
            parse_accounts(wrong)


async def test_open_streams_end_with_the_simulator(open_browser) -> None:  # type: ignore[no-untyped-def]
    simulator, browser = await open_browser()
    streams = [asyncio.create_task(browser.turn(f"[sim:{way}] hi")) for way in ("slow=9999", "hold", "keepalive_only")]
    await simulator.held()
    await asyncio.wait_for(simulator.aclose(), 5)
    ended = await asyncio.gather(*streams, return_exceptions=True)
    assert len(ended) == 3


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_process_announces_itself_and_ends_on_a_signal(number: signal.Signals) -> None:
    code = (
        "from provider.simulator import SimulatorConfig, serve\n"
        "serve(SimulatorConfig(), announce=lambda simulator: print(simulator.url, flush=True))\n"
    )
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert child.stdout is not None
    url = (await asyncio.wait_for(child.stdout.readline(), 20)).decode()
    assert url.startswith("http://127.0.0.1:")
    child.send_signal(number)
    _, errors = await asyncio.wait_for(child.communicate(), 20)
    assert (child.returncode, errors) == (0, b"")
