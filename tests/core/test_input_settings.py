"""Settings of inputs: what may be fetched beside the public internet."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import SettingError
from core.settings import InputSettings, load


def test_nothing_but_the_request_and_the_public_internet_is_read_by_default() -> None:
    settings = load(InputSettings)

    assert (settings.input_root, settings.fetch_allow) == (None, ())


def test_exceptions_are_hosts_addresses_and_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATGPT_FETCH_ALLOW", " NAS.local, 192.168.1.0/24 ,fd00::/8,10.0.0.7,")
    monkeypatch.setenv("CHATGPT_INPUT_ROOT", "/srv/pictures")

    settings = load(InputSettings)

    assert settings.fetch_allow == ("nas.local", "192.168.1.0/24", "fd00::/8", "10.0.0.7")
    assert settings.input_root == Path("/srv/pictures")


@pytest.mark.parametrize("entry", ["192.168.1.7/24", "http://nas.local", "nas local", "*.example", "10.0.0.0/33"])
def test_an_exception_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch, entry: str) -> None:
    monkeypatch.setenv("CHATGPT_FETCH_ALLOW", entry)

    with pytest.raises(SettingError) as caught:
        load(InputSettings)
    assert caught.value.message.startswith("CHATGPT_FETCH_ALLOW: ")
    assert entry in caught.value.message
