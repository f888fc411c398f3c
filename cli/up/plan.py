"""Which children there are, on which ports, with which environment."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from api.binding import is_loopback
from cli.up import dev_server
from cli.up.child import ChildSpec, bridge_command
from cli.up.demo import DemoFolder
from cli.up.places import Places
from cli.up.ports import Ports
from cli.up.readiness import answers, both, listens

if TYPE_CHECKING:
    from core.settings import Settings

_SIMULATOR_PORT = 8400
_ANY_ADDRESS = ("0.0.0.0", "::")


@dataclass(frozen=True)
class Chosen:
    """The ports of one stack; `None` where nothing of that kind is started."""

    api: int
    temporal: int | None
    temporal_ui: int | None
    simulator: int | None


@dataclass(frozen=True)
class Plan:
    """What is started, in stages, and where it will be."""

    stages: tuple[tuple[ChildSpec, ...], ...]
    places: Places


@dataclass(frozen=True)
class _UiCodec:
    """Where Temporal's web UI has payloads decoded. `part` is what a page of the web cannot guess."""

    endpoint: str = field(repr=False)
    part: str = field(repr=False)


def choose_ports(
    settings: Settings, ports: Ports, environment: Mapping[str, str], *, demo: bool, headless: bool
) -> Chosen:
    """A port for everything that will listen. A demo moves on where a default is taken.

    Raises:
        PortInUseError: a port that was asked for is taken.
    """

    def choose(wanted: int, variable: str, host: str = "127.0.0.1") -> int:
        asked = bool(environment.get(variable, "").strip())
        return ports.choose(wanted, variable=variable, host=host, move=demo and not asked)

    own = settings.temporal.address is None
    return Chosen(
        api=choose(settings.server.port, "CHATGPT_API_PORT", settings.server.host),
        temporal=choose(settings.temporal.port, "CHATGPT_TEMPORAL_PORT") if own else None,
        temporal_ui=choose(settings.temporal.ui_port, "CHATGPT_TEMPORAL_UI_PORT") if own and not headless else None,
        simulator=ports.choose(_SIMULATOR_PORT, variable="the simulator", move=True) if demo else None,
    )


def make(
    settings: Settings,
    chosen: Chosen,
    environment: Mapping[str, str],
    *,
    binary: Path | None,
    demo: DemoFolder | None,
) -> Plan:
    """The whole stack.

    Args:
        binary: Temporal's server; `None` where a server is there already.
    """
    places = _places(settings, chosen)
    shared = {
        **environment,
        "CHATGPT_DATA_DIR": str(settings.storage.data_dir.absolute()),
        "CHATGPT_ACCOUNTS_DIR": str(settings.accounts.accounts_dir.absolute()),
        "CHATGPT_API_PORT": str(chosen.api),
    }
    if chosen.temporal is not None:
        # By its port and not as an address: a worker keeps house only in a server that is ours.
        shared["CHATGPT_TEMPORAL_PORT"] = str(chosen.temporal)
    codec = _ui_codec(settings, chosen)
    # An empty one where the UI shows nothing: then the API has no such address.
    shared["CHATGPT_TEMPORAL_UI_CODEC_PART"] = codec.part if codec else ""
    if chosen.temporal_ui is not None:
        shared["CHATGPT_TEMPORAL_UI_PORT"] = str(chosen.temporal_ui)
    foreign = {name: value for name, value in environment.items() if not name.startswith("CHATGPT_")}
    below: list[ChildSpec] = []
    if demo is not None and places.simulator is not None:
        shared["CHATGPT_WEB_BASE_URL"] = places.simulator
        below.append(_simulator(chosen, places.simulator, foreign, demo))
    if binary is not None and chosen.temporal is not None:
        below.append(_temporal(settings, binary, chosen.temporal, chosen.temporal_ui, codec, foreign))
    health = places.api.removesuffix("/v1") + "/health/live"
    return Plan(
        stages=(
            tuple(below),
            (
                ChildSpec("worker", bridge_command("worker"), shared, stop_seconds=15),
                ChildSpec(
                    "api",
                    bridge_command("server", "start", "--no-worker"),
                    shared,
                    ready=answers(health),
                    stop_seconds=settings.server.shutdown_seconds + 5,
                ),
            ),
        ),
        places=places,
    )


def _ui_codec(settings: Settings, chosen: Chosen) -> _UiCodec | None:
    """None without a UI of ours, where it is switched off, and where the API does not listen on loopback.

    Its address is one of the arguments of Temporal's server, which other users of this machine can see; the UI would
    tell it to them anyway.
    """
    bind = settings.server.host.strip("[]")
    if chosen.temporal_ui is None or not settings.temporal.ui_codec or not (bind in _ANY_ADDRESS or is_loopback(bind)):
        return None
    part = secrets.token_urlsafe(32)
    base = _places(settings, chosen).api
    return _UiCodec(f"{base}/chatgpt/codec/ui/{part}", part)


def _places(settings: Settings, chosen: Chosen) -> Places:
    bind = settings.server.host.strip("[]")
    host = "127.0.0.1" if bind in _ANY_ADDRESS else bind
    shown = f"[{host}]" if ":" in host else host
    storage, temporal = settings.storage, settings.temporal
    return Places(
        api=f"http://{shown}:{chosen.api}/v1",
        temporal=temporal.address or f"127.0.0.1:{chosen.temporal}",
        temporal_ui=f"http://127.0.0.1:{chosen.temporal_ui}" if chosen.temporal_ui else None,
        namespace=temporal.namespace,
        simulator=f"http://127.0.0.1:{chosen.simulator}" if chosen.simulator else None,
        data=storage.data_dir.absolute(),
        accounts=settings.accounts.accounts_dir.absolute(),
        database=storage.database,
        artifacts=storage.artifacts_dir,
        logs=storage.logs_dir,
        api_key_file=None if settings.server.api_key else storage.api_key_file,
    )


def _simulator(chosen: Chosen, url: str, environment: Mapping[str, str], demo: DemoFolder) -> ChildSpec:
    async def captured() -> bool:
        return any(demo.captures.glob("*.txt"))

    command = bridge_command("simulator", "--port", str(chosen.simulator), "--captures-dir", str(demo.captures))
    return ChildSpec("simulator", command, environment, ready=both(listens(chosen.simulator or 0), captured))


def _temporal(
    settings: Settings,
    binary: Path,
    port: int,
    ui_port: int | None,
    codec: _UiCodec | None,
    environment: Mapping[str, str],
) -> ChildSpec:
    command = dev_server.command(
        binary,
        port=port,
        ui_port=ui_port,
        file=settings.storage.temporal_file,
        namespace=settings.temporal.namespace,
        ui_codec=codec.endpoint if codec else None,
    )
    return ChildSpec("temporal", tuple(command), environment, ours=False, ready=listens(port))
