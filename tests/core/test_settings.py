"""Settings: what the environment says, what a bad value says, what the documentation says."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import SettingError
from core.settings import (
    AREAS,
    AccountsSettings,
    Area,
    ClientSettings,
    ServerSettings,
    StorageSettings,
    UpstreamSettings,
    load,
    load_all,
    variables,
)

ROOT = Path(__file__).parents[2]


def every_field() -> list[tuple[type[Area], str]]:
    return [(area, field) for area in AREAS for field in area.model_fields]


def test_a_bad_value_is_one_line_that_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATGPT_API_PORT", "eight thousand")

    with pytest.raises(SettingError) as caught:
        load(ServerSettings)

    assert caught.value.message.startswith("CHATGPT_API_PORT: ")
    assert "eight thousand" in caught.value.message
    assert "\n" not in caught.value.message


def test_a_bad_value_of_one_area_does_not_disturb_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATGPT_API_PORT", "eight thousand")

    assert load(StorageSettings).data_dir == Path("outputs")


def test_a_secret_is_never_shown_in_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingError) as caught:
        load(ServerSettings, api_key=["hunter2"])

    assert caught.value.message.startswith("CHATGPT_API_KEY: ")
    assert "hunter2" not in caught.value.message


def test_blank_means_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATGPT_API_PORT", "")
    monkeypatch.setenv("CHATGPT_SECRETS_PASSPHRASE", "  ")

    assert load(ServerSettings).port == 8000
    assert load(AccountsSettings).secrets_passphrase is None


def test_an_argument_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATGPT_API_PORT", "9000")

    assert load_all(server={"port": 9001}).server.port == 9001
    assert load_all(server={"port": None}).server.port == 9000


@pytest.mark.parametrize(("word", "temporary"), [("incognito", True), ("Normal", False), ("0", False), ("yes", True)])
def test_privacy_words_are_understood(monkeypatch: pytest.MonkeyPatch, word: str, temporary: bool) -> None:
    monkeypatch.setenv("CHATGPT_TEMPORARY_CHAT", word)

    assert load(UpstreamSettings).temporary_chat is temporary


def test_a_privacy_word_nobody_knows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATGPT_TEMPORARY_CHAT", "maybe")

    with pytest.raises(SettingError, match="CHATGPT_TEMPORARY_CHAT"):
        load(UpstreamSettings)


@pytest.mark.parametrize("origin", ["chatgpt.com", "https://chatgpt.com/backend-api", "ftp://chatgpt.com"])
def test_the_upstream_must_be_an_origin(monkeypatch: pytest.MonkeyPatch, origin: str) -> None:
    monkeypatch.setenv("CHATGPT_WEB_BASE_URL", origin)

    with pytest.raises(SettingError, match="CHATGPT_WEB_BASE_URL"):
        load(UpstreamSettings)


def test_the_pool_keeps_its_order_and_drops_repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATGPT_ACCOUNTS", " b, a ,b,")

    assert load(AccountsSettings).accounts == ("b", "a")


def test_the_clients_address_has_two_names_and_the_first_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATGPT_BASE_URL", "http://second/v1")
    assert load(ClientSettings).base_url == "http://second/v1"

    monkeypatch.setenv("CHATGPT_ADMIN_BASE_URL", "http://first/v1")
    assert load(ClientSettings).base_url == "http://first/v1"


@pytest.mark.parametrize(("area", "field"), every_field(), ids=lambda value: getattr(value, "__name__", value))
def test_every_setting_is_described_and_documented(area: type[Area], field: str) -> None:
    documented = (ROOT / "docs" / "settings.md").read_text()

    assert area.model_fields[field].description
    for name in variables(area, field):
        assert f"`{name}`" in documented
