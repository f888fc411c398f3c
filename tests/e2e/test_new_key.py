"""A new key of the accounts folder beside running processes: work goes on, and histories stay readable."""

from __future__ import annotations

import asyncio

import pytest

from bridge.vault import Vault
from bridge.vault.rotation import rotate
from tests.e2e.calls import CHAT, chat, picture, reaches, start_image
from tests.e2e.stack import Stack

WORDS = "correct horse battery staple"


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_work_that_began_under_the_former_key_ends_under_the_new_one(stack: Stack) -> None:
    await stack.start_temporal()
    worker, api = await asyncio.gather(stack.start_worker(), stack.start_api())
    accounts = stack.root / "accounts"
    stack.simulator.add_rule(path="*/f/conversation", hold="before")
    body, keyed = chat("[sim:echo] kept"), {"Idempotency-Key": "kept"}
    async with stack.client() as client:
        # A key file first, which both processes take up by themselves.
        begun = await start_image(client, "a heron")
        await stack.simulator.held(1, timeout=20)
        await asyncio.to_thread(rotate, accounts, None, None)
        answer = await client.post(CHAT, json=body, headers=keyed)
        assert answer.status_code == 200, answer.text

        await asyncio.to_thread(rotate, accounts, None, WORDS)
        refused = (await client.post(CHAT, json=chat("hello"))).json()["error"]
        assert "capture_unreadable" in refused["message"]
        [listed] = (await client.get("/v1/chatgpt/admin/accounts")).json()["accounts"]
        assert "encrypted with a passphrase, and none was given" in listed["profile_error"]
        await asyncio.gather(worker.kill(), api.kill())

        stack.simulator.release()
        words = {"CHATGPT_SECRETS_PASSPHRASE": WORDS}
        await asyncio.gather(stack.start_worker("second", **words), stack.start_api(**words))
        assert len(await picture(client, await reaches(client, begun, "completed", seconds=75))) > 100
        assert (await client.post(CHAT, json=body, headers=keyed)).json() == answer.json()
        assert (await client.post(CHAT, json=chat("hello"))).status_code == 200
    assert stack.simulator.ledger.submissions
    assert Vault(accounts, WORDS).aliases() == ["plus"]


async def test_a_process_with_the_former_key_does_not_start_and_says_why(stack: Stack) -> None:
    await asyncio.to_thread(rotate, stack.root / "accounts", None, WORDS)
    with pytest.raises(RuntimeError, match="vault_key_mismatch"):
        await stack.start_api()
    with pytest.raises(RuntimeError, match="unset CHATGPT_SECRETS_PASSPHRASE"):
        await stack.start_api(CHATGPT_SECRETS_PASSPHRASE="other words")
    await stack.start_api(CHATGPT_SECRETS_PASSPHRASE=WORDS)
