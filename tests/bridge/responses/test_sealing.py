"""What the database keeps of words."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.responses.sealing import Sealing
from bridge.vault import Vault
from core.errors import VaultKeyError


async def test_everything_is_opened_in_its_order(vault: Vault) -> None:
    given = [{"text": "Grüße 🐦\u2028"}, ["a", 1, None], "word", {}]

    words = await Sealing(vault.keyring).seal(*given)

    assert await Sealing(vault.keyring).unseal(words) == given
    assert await Sealing(vault.keyring).unseal([]) == []
    assert not any("Gr" in word for word in words)


async def test_the_same_is_never_sealed_alike(vault: Vault) -> None:
    sealing = Sealing(vault.keyring)

    assert len(set(await sealing.seal("a", "a", "a"))) == 3


async def test_another_ring_opens_nothing(vault: Vault, tmp_path: Path) -> None:
    words = await Sealing(vault.keyring).seal("secret")
    stranger = Sealing(Vault(tmp_path / "others").keyring)
    await stranger.seal("their own")

    with pytest.raises(VaultKeyError):
        await stranger.unseal(words)


@pytest.mark.parametrize("change", [lambda word: word[:-4] + "AAA=", lambda word: word + "x", lambda _: "plain text"])
async def test_a_changed_word_is_not_opened(vault: Vault, change: object) -> None:
    sealing = Sealing(vault.keyring)
    (word,) = await sealing.seal({"owner": "ann"})

    with pytest.raises(VaultKeyError):
        await sealing.unseal([change(word)])  # type: ignore[operator]
