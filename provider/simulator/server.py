"""Starting and ending a simulator."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import signal
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiohttp import web

from core.errors import NotFoundError, PortInUseError, SettingError
from provider.simulator.accounts import Account
from provider.simulator.admin import change_account, turn_dials
from provider.simulator.app import App, make_app
from provider.simulator.captures import DEFAULT_STYLE, capture
from provider.simulator.config import SimulatorConfig
from provider.simulator.faults import Held, Rule
from provider.simulator.identity import EXPIRES_AT
from provider.simulator.ledger import Ledger
from provider.simulator.scripted import Script
from provider.simulator.world import World

_GRACE_SECONDS = 0.2


class Simulator:
    """A running simulator.

    Attributes:
        ledger: what it was asked, live.
    """

    def __init__(self, world: World, app: App, runner: web.AppRunner, port: int) -> None:
        self._world = world
        self._app = app
        self._runner = runner
        self.port = port
        self.ledger: Ledger = world.ledger

    @property
    def url(self) -> str:
        """The origin, without a slash at its end."""
        return self._world.base_url

    @property
    def aliases(self) -> tuple[str, ...]:
        """The accounts, in the configuration's order."""
        return tuple(account.alias for account in self._world.accounts)

    def captures(self, style: str = DEFAULT_STYLE) -> dict[str, str]:
        """Every account's capture by alias; `style` is a format id such as `curl-bash` or `har`."""
        return {alias: self.capture(alias, style=style) for alias in self.aliases}

    def capture(self, alias: str, *, style: str = DEFAULT_STYLE, expires_at: int = EXPIRES_AT) -> str:
        """One account's capture; its token expires at the Unix time `expires_at`.

        Raises:
            NotFoundError: no such account.
            InvalidRequestError: no such style.
        """
        return capture(self._account(alias), self.url, style=style, expires_at=expires_at)

    def add_rule(self, **rule: Any) -> Rule:
        """Change what happens to coming requests; the arguments are those of `faults.Rules.add`.

        Raises:
            BadRuleError: a refusal, scenario or point that does not exist.
        """
        return self._world.rules.add(**rule)

    def clear_rules(self) -> None:
        """Remove all rules."""
        self._world.rules.clear()

    def add_script(self, when: str, says: Sequence[str | Mapping[str, Any]], *, repeat: bool = False) -> Script:
        """Answer coming chat turns whose messages hold `when` with `says`, one after the other; see `Scripts.add`.

        Raises:
            BadScriptError: a step is neither a text nor an object of a text, thoughts and a scenario.
        """
        return self._world.scripts.add(when=when, says=says, repeat=repeat)

    def clear_scripts(self) -> None:
        """Remove all scripts."""
        self._world.scripts.clear()

    async def held(self, number: int = 1, timeout: float = 10.0) -> list[Held]:
        """Wait until so many requests are held; returns them in order of arrival.

        Raises:
            TimeoutError: fewer are held after `timeout` seconds.
        """
        return await self._world.holds.arrived(number, timeout)

    def release(self, number: int | None = None) -> int:
        """Let one held request go on, or all; returns how many."""
        return self._world.holds.release(number)

    def set(self, **dials: Any) -> None:
        """Change dials: the fields of `world.Dials`.

        Raises:
            BadSettingError: no such dial, or a value of another type.
        """
        turn_dials(self._world.dials, dials)

    def set_account(self, alias: str, /, **changes: Any) -> None:
        """Change an account's state upstream: `features`, `blocked`, `refill`, `resets_at`, `model_limits`, `expired`,
        `disabled`, `plan`, `most_in_flight`, and `sentinel`, a dictionary of the fields of `accounts.Sentinel`.

        Raises:
            NotFoundError: no such account.
            BadSettingError: no such field, or a value of another type.
        """
        change_account(self._account(alias), changes)

    def reset(self) -> None:
        """Forget ledger, rules, scripts, conversations and files; release what is held."""
        self._world.reset()

    async def aclose(self) -> None:
        """Stop listening, end every stream, wait for what was running."""
        await self._world.aclose()
        await self._app.sockets.aclose()
        await self._runner.cleanup()

    def _account(self, alias: str) -> Account:
        account = self._world.accounts.get(alias)
        if account is None:
            raise NotFoundError(f"the simulator has no account {alias!r}")
        return account


async def start(config: SimulatorConfig | None = None) -> Simulator:
    """Start a simulator in the running event loop; it listens when this returns.

    Raises:
        SettingError: the configuration asks for something a simulator never does, such as another host than loopback.
        PortInUseError: the port is taken.
    """
    chosen = config or SimulatorConfig()
    chosen.check()
    world = World.make(chosen)
    app = make_app(world)
    runner = web.AppRunner(
        app.web,
        access_log=None,
        handler_cancellation=True,
        handle_signals=False,
        shutdown_timeout=_GRACE_SECONDS,
        keepalive_timeout=75,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, chosen.host, chosen.port, backlog=1024).start()
    except OSError as failed:
        await runner.cleanup()
        if failed.errno == errno.EADDRINUSE:
            raise PortInUseError(f"port {chosen.port} on {chosen.host} is taken") from None
        raise SettingError(f"the simulator cannot listen on {chosen.host}: {failed.strerror}") from None
    port = int(runner.addresses[0][1])
    host = f"[{chosen.host}]" if ":" in chosen.host else chosen.host
    world.base_url = (chosen.base_url or f"http://{host}:{port}").rstrip("/")
    return Simulator(world, app, runner, port)


def serve(config: SimulatorConfig, *, announce: Callable[[Simulator], None] | None = None) -> None:
    """Run a simulator as a process until SIGINT or SIGTERM.

    Args:
        announce: called once with the simulator when it listens.

    Raises:
        SettingError, PortInUseError: as `start`.
    """
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(config, announce))


async def _serve(config: SimulatorConfig, announce: Callable[[Simulator], None] | None) -> None:
    simulator = await start(config)
    try:
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(number, ended.set)
        if announce is not None:
            announce(simulator)
        await ended.wait()
    finally:
        await simulator.aclose()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
