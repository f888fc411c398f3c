from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.up.demo import take_folder
from cli.up.plan import Chosen, choose_ports, make
from cli.up.ports import Ports
from core.errors import PortInUseError
from core.settings import Settings, load_all

ENVIRONMENT = {
    "PATH": "/bin",
    "CHATGPT_API_KEY": "secret-key",
    "CHATGPT_SECRETS_PASSPHRASE": "secret-words",
    "CHATGPT_LOG_LEVEL": "debug",
}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("CHATGPT_API_KEY", "secret-key")
    return load_all(storage={"data_dir": tmp_path / "data"}, accounts={"accounts_dir": tmp_path / "accounts"})


@pytest.fixture
def ports(tmp_path: Path) -> Iterator[Ports]:
    chosen = Ports(tmp_path / "ports")
    yield chosen
    chosen.close()


def test_temporal_starts_before_worker_and_api(settings: Settings) -> None:
    plan = make(settings, Chosen(8000, 7233, 8233, None), ENVIRONMENT, binary=Path("/t/temporal"), demo=None)
    assert [[child.name for child in stage] for stage in plan.stages] == [["temporal"], ["worker", "api"]]
    assert plan.places.temporal_ui == "http://127.0.0.1:8233"
    assert plan.places.workflow_url("op") == "http://127.0.0.1:8233/namespaces/default/workflows/op"


def test_secrets_go_by_environment_and_to_our_own_processes_only(settings: Settings, tmp_path: Path) -> None:
    demo = take_folder(tmp_path)
    plan = make(settings, Chosen(8000, 7233, None, 8400), ENVIRONMENT, binary=Path("/t/temporal"), demo=demo)
    demo.lock.close()
    children = {child.name: child for stage in plan.stages for child in stage}
    for child in children.values():
        assert not {"secret-key", "secret-words"} & set(" ".join(child.command).split())
        assert "secret-" not in repr(child).replace(str(tmp_path), "")
    for name in ("api", "worker"):
        assert children[name].environment["CHATGPT_API_KEY"] == "secret-key"
        assert children[name].environment["CHATGPT_SECRETS_PASSPHRASE"] == "secret-words"
        assert children[name].environment["CHATGPT_WEB_BASE_URL"] == "http://127.0.0.1:8400"
        assert children[name].command[1:4] == ("-P", "-m", "chatgpt_api")
    for name in ("temporal", "simulator"):
        assert children[name].environment == {"PATH": "/bin"}


def test_a_server_that_is_there_is_used_and_none_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ports: Ports
) -> None:
    monkeypatch.setenv("CHATGPT_TEMPORAL_ADDRESS", "temporal.example:7233")
    settings = load_all(storage={"data_dir": tmp_path}, server={"port": 0})
    chosen = choose_ports(settings, ports, {}, demo=False, headless=False)
    assert (chosen.temporal, chosen.temporal_ui, chosen.simulator) == (None, None, None)
    plan = make(settings, chosen, {"CHATGPT_TEMPORAL_ADDRESS": "temporal.example:7233"}, binary=None, demo=None)
    assert [child.name for stage in plan.stages for child in stage] == ["worker", "api"]
    assert plan.stages[1][0].environment["CHATGPT_TEMPORAL_ADDRESS"] == "temporal.example:7233"
    assert plan.places.temporal_ui is None


def test_only_a_demo_moves_on_from_a_taken_port_and_only_from_a_default(tmp_path: Path, ports: Ports) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        taken = listener.getsockname()[1]
        settings = load_all(
            storage={"data_dir": tmp_path}, server={"port": taken}, temporal={"port": 0, "ui_port": 0, "address": None}
        )
        with pytest.raises(PortInUseError, match="CHATGPT_API_PORT"):
            choose_ports(settings, ports, {}, demo=False, headless=False)
        with pytest.raises(PortInUseError, match="CHATGPT_API_PORT"):
            choose_ports(settings, ports, {"CHATGPT_API_PORT": str(taken)}, demo=True, headless=False)
        assert choose_ports(settings, ports, {}, demo=True, headless=True).api > taken


def test_an_address_for_everybody_is_shown_as_loopback(tmp_path: Path) -> None:
    settings = load_all(storage={"data_dir": tmp_path}, server={"host": "0.0.0.0"})
    plan = make(settings, Chosen(8000, 7233, None, None), {}, binary=Path("/t"), demo=None)
    assert plan.places.api == "http://127.0.0.1:8000/v1"


def codec_of(settings: Settings, chosen: Chosen) -> tuple[str | None, str]:
    """Where Temporal's UI is told to have payloads decoded, and the part of the address that the API is told."""
    plan = make(settings, chosen, ENVIRONMENT, binary=Path("/t/temporal"), demo=None)
    children = {child.name: child for stage in plan.stages for child in stage}
    command = children["temporal"].command
    flag = "--ui-codec-endpoint"
    told = command[command.index(flag) + 1] if flag in command else None
    part = children["api"].environment["CHATGPT_TEMPORAL_UI_CODEC_PART"]
    assert not part or part not in " ".join(children["api"].command)
    return told, part


def test_the_ui_has_payloads_decoded_at_an_address_that_is_new_at_each_start(settings: Settings) -> None:
    first, second = (codec_of(settings, Chosen(8000, 7233, 8233, None)) for _ in range(2))
    for told, part in (first, second):
        assert len(part) >= 43
        assert told == f"http://127.0.0.1:8000/v1/chatgpt/codec/ui/{part}"
    assert first != second


def test_the_api_knows_the_port_that_the_ui_got(settings: Settings) -> None:
    plan = make(settings, Chosen(8000, 7233, 8250, None), ENVIRONMENT, binary=Path("/t/temporal"), demo=None)
    assert all(child.environment["CHATGPT_TEMPORAL_UI_PORT"] == "8250" for child in plan.stages[1])


def test_without_a_ui_or_switched_off_or_away_from_loopback_there_is_no_such_address(tmp_path: Path) -> None:
    def settings_with(**areas: dict[str, object]) -> Settings:
        return load_all(storage={"data_dir": tmp_path}, **areas)

    with_ui = Chosen(8000, 7233, 8233, None)
    assert codec_of(settings_with(), Chosen(8000, 7233, None, None)) == (None, "")
    assert codec_of(settings_with(temporal={"ui_codec": False}), with_ui) == (None, "")
    assert codec_of(settings_with(server={"host": "192.168.1.5"}), with_ui) == (None, "")
    assert codec_of(settings_with(server={"host": "0.0.0.0"}), with_ui)[0] is not None
