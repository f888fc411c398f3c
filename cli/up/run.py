"""What `up` does, from the lock on the data folder to the last child's end."""

from __future__ import annotations

import asyncio
import os
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TypeVar

from api.api_key import ApiKey, ensure_api_key
from api.binding import require_strong_key
from cli import output
from cli.exit import OK
from cli.up import demo as demos
from cli.up import dev_server, places
from cli.up.child import bridge_command
from cli.up.lock import FolderLock
from cli.up.plan import Plan, choose_ports, make
from cli.up.ports import Ports
from cli.up.readiness import answers
from cli.up.supervisor import Supervisor
from core.settings import load_all
from integrations.client import BridgeClient

_READY_SECONDS = 60.0
_LOOK_SECONDS = 0.1

ResultT = TypeVar("ResultT")


def run(*, demo: bool, headless: bool, tour: bool, once: bool, as_json: bool) -> int:
    """Start everything and stay until it ends; returns the process's status.

    Everything that is written is the owner's alone: the children inherit this process's mask.

    Raises:
        DataFolderLockedError: another `up` holds the data folder.
        PortInUseError: a port that was asked for is taken.
        SettingError: a variable's value is wrong, or the key too weak for the address.
        TemporalBinaryMissingError: Temporal's server can neither be found nor had.
    """
    os.umask(0o077)
    with ExitStack() as held:
        folder = _enter_demo(held) if demo else None
        settings = load_all()
        if folder is None:
            held.enter_context(closing(FolderLock.take(settings.storage.data_dir)))
        key = ensure_api_key(settings.server, settings.storage)
        require_strong_key(settings.server, key.value)
        ports = held.enter_context(closing(Ports()))
        chosen = choose_ports(settings, ports, os.environ, demo=demo, headless=headless)
        binary = None if settings.temporal.address else dev_server.find_binary(settings.temporal.cli)
        status = _migrate()
        if status != OK:
            return status
        plan = make(settings, chosen, os.environ, binary=binary, demo=folder)
        stack = _Stack(plan, folder, key, as_json=as_json)
        return asyncio.run(stack.run(tour=tour, once=once))


def _enter_demo(held: ExitStack) -> demos.DemoFolder:
    folder = demos.take_folder(Path.cwd())
    held.enter_context(closing(folder.lock))
    # `up` is a process of its own, and its environment is what its children inherit.
    demos.enter(folder, os.environ)
    return folder


def _migrate() -> int:
    """In a process of its own, so that the supervisor stays small. Its errors go to our stderr as they are."""
    return subprocess.run(bridge_command("migrate"), stdout=subprocess.DEVNULL, check=False).returncode


class _Stack:
    """One run of everything."""

    def __init__(self, plan: Plan, demo: demos.DemoFolder | None, key: ApiKey, *, as_json: bool) -> None:
        self._plan = plan
        self._demo = demo
        self._key = key
        self._as_json = as_json

    async def run(self, *, tour: bool, once: bool) -> int:
        names = [child.name for stage in self._plan.stages for child in stage]
        output.note(f"Starting {', '.join(names)} ...")
        supervisor = Supervisor(self._plan.stages, logs=self._plan.places.logs, notice=output.note)

        async def when_ready() -> int | None:
            await self._settle()
            if not tour:
                return None
            status = await _in_thread(self._show_tour)
            return status if once else None

        return await supervisor.run(when_ready)

    async def _settle(self) -> None:
        """Accounts into a demo, wait for the parts to find each other, and show where everything is."""
        if self._demo is not None:
            await _in_thread(self._add_accounts)
        if not await self._all_ready():
            output.note("Not everything is ready yet; `chatgpt-api doctor` says what is missing.")
        new_key = self._key.value if self._key.made_in else None
        places.show(self._plan.places, as_json=self._as_json, new_key=new_key)

    async def _all_ready(self) -> bool:
        ready = answers(self._plan.places.api.removesuffix("/v1") + "/health/ready")
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline:
            try:
                if await ready():
                    return True
            except Exception:  # away for a moment: the supervisor is starting it again
                pass
            await asyncio.sleep(_LOOK_SECONDS)
        return False

    def _add_accounts(self) -> None:
        assert self._demo is not None
        with self._client() as client:
            aliases = demos.add_accounts(client, self._demo)
        output.note(f"Added the simulator's accounts: {', '.join(aliases)}")

    def _show_tour(self) -> int:
        from cli.tour.run import run as show_tour

        with self._client() as client:
            return show_tour(client, self._plan.places)

    def _client(self) -> BridgeClient:
        return BridgeClient(self._plan.places.api, self._key.value)


async def _in_thread(work: Callable[[], ResultT]) -> ResultT:
    """Run `work` in a thread that nobody waits for when everything is to stop."""
    future: Future[ResultT] = Future()
    future.set_running_or_notify_cancel()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return await asyncio.wrap_future(future)
