"""What keeps responses and conversations."""

from __future__ import annotations

import pytest

from bridge.responses.conversations import KeptConversations
from bridge.responses.records import KeptResponses
from bridge.store.engine import Store
from bridge.vault import Vault


@pytest.fixture
def responses(store: Store, vault: Vault) -> KeptResponses:
    return KeptResponses(store, vault.keyring)


@pytest.fixture
def conversations(store: Store, vault: Vault) -> KeptConversations:
    return KeptConversations(store, vault.keyring)
