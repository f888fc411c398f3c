"""Running the API as a process: its socket, its signals, its end."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext

import uvicorn
import uvloop

from api.api_key import ApiKey
from api.app import create_app
from api.binding import bound_socket
from api.protocol import HttpProtocol
from api.services import Services, open_services
from core.logging import get_logger
from core.settings import Settings

_log = get_logger(__name__)

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_KEEP_ALIVE_SECONDS = 75
_CLOSING_SECONDS = 5
"""How long the last error objects and upstream's stops may take, after the streams' own time is over."""

OnReady = Callable[[str], None]


def run(settings: Settings, *, with_worker: bool, on_ready: OnReady | None = None) -> None:
    """Serve in an event loop of its own until a signal comes; raises as `serve`."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(settings, with_worker=with_worker, on_ready=on_ready))


async def serve(settings: Settings, *, with_worker: bool, on_ready: OnReady | None = None) -> None:
    """Serve until SIGINT or SIGTERM: then no new work is taken, running answers have some seconds to end, those that
    are left end with an error, and what they had running upstream is stopped.

    Args:
        with_worker: also run workflows and activities in this process.
        on_ready: called with the server's address once it listens.

    Raises:
        PortInUseError: the port is taken.
        SettingError, StoreError, VaultKeyError: the bridge cannot start like this.
    """
    server = settings.server
    with bound_socket(server.host, server.port) as listener:
        port = listener.getsockname()[1]
        async with open_services(settings, with_worker=with_worker) as services:
            app = create_app(settings, open_services=lambda _: nullcontext(services))
            config = uvicorn.Config(
                app,
                http=HttpProtocol.limited(server),
                ws="none",
                lifespan="on",
                log_config=None,
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=_KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=round(server.shutdown_seconds + _CLOSING_SECONDS),
            )
            address = f"http://{f'[{server.host}]' if ':' in server.host else server.host}:{port}"
            _show_key(services.key)
            _log.info("server_starting", address=address, worker=with_worker)
            running = _Server(config, services, lambda: on_ready(address) if on_ready else None)
            with running.signals():
                await running.serve(sockets=[listener])
    _log.info("server_stopped")


class _Server(uvicorn.Server):
    """uvicorn with an end of our own: clients' answers are ended by us, before uvicorn cuts them."""

    def __init__(self, config: uvicorn.Config, services: Services, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._leashes = services.leashes
        self._seconds = services.settings.server.shutdown_seconds
        self._on_ready = on_ready

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup(sockets)  # type: ignore[arg-type]
        _settle_memory()
        self._on_ready()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """uvicorn's own way ends the process by the signal; ours returns."""
        yield

    @contextmanager
    def signals(self) -> Generator[None, None, None]:
        """Have signals stop the server while the block runs."""
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._asked)
        try:
            yield
        finally:
            for number in _SIGNALS:
                loop.remove_signal_handler(number)

    def _asked(self) -> None:
        if self._leashes.stopping:
            # Asked twice: nobody wants to wait any more.
            self._leashes.pull_all()
            return
        _log.info("server_stopping", seconds=self._seconds)
        self._leashes.stopping = True
        self.should_exit = True
        asyncio.get_running_loop().call_later(self._seconds, self._leashes.pull_all)


def _settle_memory() -> None:
    """What is loaded by now stays for good; walking it again and again costs an eighth of a chat's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def _show_key(key: ApiKey) -> None:
    """Show a key that was just made, once, to the person in front of a terminal; it never gets into a log."""
    if key.made_in is not None and sys.stderr.isatty():
        sys.stderr.write(f"API key: {key.value}\nIt is kept in {key.made_in}.\n")
