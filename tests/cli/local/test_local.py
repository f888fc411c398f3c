"""Commands on the accounts folder, without a running bridge."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bridge.vault import Vault
from provider.simulator import Simulator, SimulatorConfig
from tests.fakes.threaded import threaded_simulator

Command = Callable[..., Any]


@pytest.fixture
def simulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """An upstream; the working folder holds an account on each of two plans, and an empty folder."""
    monkeypatch.chdir(tmp_path)
    with threaded_simulator(SimulatorConfig(accounts=("free", "plus"), difficulty="")) as running:
        monkeypatch.setenv("CHATGPT_WEB_BASE_URL", running.url)
        vault = Vault(tmp_path / "secrets" / "accounts")
        for alias, text in running.captures().items():
            vault.write(alias, text)
        (tmp_path / "capture.txt").write_text(running.capture("plus"))
        yield running


def fields(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines())


def test_the_folder_is_told_without_a_bridge(simulator: Simulator, command: Command, tmp_path: Path) -> None:
    folder = tmp_path / "secrets" / "accounts"
    shown = command("accounts")
    assert (shown.status, shown.out.splitlines()) == (
        0,
        [f"{name}: capture=yes previous=no settings=no path={folder / name}" for name in ("free", "plus")],
    )
    told = json.loads(command("accounts", "--json").out)
    assert [one["account"] for one in told["accounts"]] == ["free", "plus"]

    none = command("accounts", "--accounts-dir", str(tmp_path / "nowhere"))
    assert (none.status, none.out) == (0, "")
    assert "chatgpt-api account add" in none.err


@pytest.mark.parametrize("which", [("--account", "plus"), ("capture.txt",)])
def test_a_capture_is_described_and_never_shown(simulator: Simulator, command: Command, which: tuple[str, ...]) -> None:
    capture = simulator.capture("plus")
    token = capture.partition("Bearer ")[2].partition("'")[0]
    asked = [command(name, *which) for name in ("account-info", "account-capabilities", "inspect-capture")]
    info, can, _ = (shown.out for shown in asked)

    assert [shown.status for shown in asked] == [0, 0, 0]
    assert fields(info)["plan_type"] == "plus"
    assert fields(info)["email"] == "p***s@simulator.test"
    assert "gpt-5-5" in fields(can)["supported_models"].split(", ")
    assert len(token) > 40
    assert all(token not in shown.out + shown.err for shown in asked)
    assert not simulator.ledger.requests


def test_upstream_is_asked_what_the_capture_is_worth(simulator: Simulator, command: Command) -> None:
    checked = command("account-check", "--account", "plus")
    models = command("account-models", "--account", "plus")
    limits = command("account-limits", "--account", "free", "--json")

    assert (checked.status, fields(checked.out)["auth_ok"]) == (0, "yes")
    assert models.out.splitlines()[1] == "gpt-5-5-thinking: GPT-5.5 Thinking (standard, extended, max)"
    told = json.loads(limits.out)
    assert (told["default_model_slug"], told["features"]["image_gen"]["status"]) == ("auto", "available")
    assert "image_gen: available, " in command("account-limits", "--account", "free").out


def test_a_probe_is_one_chat_told_event_by_event(simulator: Simulator, command: Command) -> None:
    shown = command("probe-capture", "--account", "plus", "-m", "hello", "--max-events", "2")
    assert shown.status == 0, shown.err
    first, second, *rest = shown.out.splitlines()
    assert first.startswith("event=ConversationKnown conversation_id=")
    assert second.startswith("event=")
    assert fields("\n".join(rest))["TurnFinished"] == "1"
    assert "offline simulator" in fields("\n".join(rest))["text"]
    assert "more; --max-events shows them." in shown.err
    assert len(simulator.ledger.submissions) == 1

    words = command("probe-capture", "--account", "plus").out
    assert "event=QuotaTold remaining=" in words
    assert not any(mark in words for mark in ("{", "'", "()", ".0"))

    told = json.loads(command("probe-capture", "--account", "plus", "--json").out)
    assert told["events"][-1]["event"] == "TurnFinished"
    assert told["text"] == told["events"][-1]["text"]


def test_a_probe_has_a_time_and_may_go_on_with_a_chat(simulator: Simulator, command: Command) -> None:
    slow = command("probe-capture", "--account", "plus", "-m", "[sim:slow=30] hello", "--timeout", "1")
    half = command("probe-capture", "--account", "plus", "--conversation-id", "c")
    ids = ("--conversation-id", "00000000-0000-4000-8000-000000000001", "--parent-message-id", "m")
    unknown = command("probe-capture", "--account", "plus", *ids)

    assert (slow.status, "[upstream_timeout; at fault: ChatGPT]" in slow.err) == (2, True)
    assert (half.status, "go together" in half.err) == (2, True)
    assert (unknown.status, "[conversation_not_found" in unknown.err) == (2, True)


def test_settings_of_the_browser_count_for_what_a_capture_can(
    simulator: Simulator, command: Command, tmp_path: Path
) -> None:
    beside = tmp_path / "secrets" / "accounts" / "plus" / "settings.json"
    beside.write_text('{"settings": {"last_used_model_config": {"slugs": {"web": "gpt-5-5-thinking"}}}}')
    other = tmp_path / "settings.json"
    other.write_text('{"settings": {"last_used_model_config": {"slugs": {"web": "gpt-5-5"}}}}')
    plus = ("--account", "plus")

    def default(*options: str) -> str:
        return fields(command("account-capabilities", *options).out)["default_model"]

    assert default(*plus) == "gpt-5-5-thinking"
    assert default(*plus, "--settings", str(other)) == default("capture.txt", "--settings", str(other)) == "gpt-5-5"
    assert default(*plus, "--no-settings") == default("capture.txt") == "auto"
    told = fields(command("account-info", *plus).out)
    assert (told["settings_last_used_slugs"], told["scope"]) == ("web=gpt-5-5-thinking", "capture and settings")
    assert fields(command("account-capabilities", "--account", "free").out)["model_policy"] == "auto-only"


def test_limits_are_asked_for_as_a_page_does(simulator: Simulator, command: Command) -> None:
    asked = ("--requested-default-model", "gpt-5-5", "--conversation-id", "c1", "--conversation-origin", "web")
    assert command("account-limits", "--account", "plus", *asked).status == 0
    assert simulator.ledger.requests[-1].route == "/backend-api/conversation/init"


def test_a_capture_that_upstream_refuses_fails_the_check_and_says_why(
    simulator: Simulator, command: Command, tmp_path: Path
) -> None:
    old = tmp_path / "old.txt"
    old.write_text(simulator.capture("plus", expires_at=1_700_000_000))
    shown = command("account-check", str(old))
    assert (shown.status, fields(shown.out)["status"]) == (1, "auth_expired")
    assert "copy that request again" in fields(shown.out)["what_to_do"]

    (tmp_path / "no.txt").write_text("hello")
    shown = command("inspect-capture", "no.txt")
    assert shown.status == 1
    assert shown.out.startswith("ok=no\nmissing=parse\n")
    assert "FAIL  required     parse: " in shown.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name a capture with PATH"),
        (("capture.txt", "--account", "plus"), "choose one of PATH and --account"),
        (("--account", "nobody"), "[account_not_configured; at fault: the account]"),
        (("plus",), "there is no file plus; an account is named with --account"),
        (("--account", "../plus"), "[invalid_request"),
    ],
)
def test_what_names_no_capture_is_said(
    simulator: Simulator, command: Command, arguments: tuple[str, ...], said: str
) -> None:
    shown = command("account-info", *arguments)
    assert (shown.status, shown.out) == (2, "")
    assert said in shown.err


def test_the_environment_names_the_account(
    simulator: Simulator, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHATGPT_ACCOUNT", "free")
    assert fields(command("account-info").out)["capture"] == "free"


def test_the_provider_and_what_it_can_do(command: Command) -> None:
    assert command("providers").out.startswith("chatgpt_web: chat=yes ")
    assert json.loads(command("providers", "--json").out)[0]["provider"] == "chatgpt_web"
