"""Who answered before: a soft preference, because upstream and its caches know the conversation there."""

from __future__ import annotations

from collections import OrderedDict

from bridge.accounts.conversations import Conversations


class Affinity:
    """The account that last answered for a key; the keys used longest ago are forgotten first.

    It is a preference of this process, and gone with it; what must never change is kept in the database beside it.
    """

    def __init__(self, conversations: Conversations | None = None, size: int = 10_000) -> None:
        self._conversations = conversations
        self._size = size
        self._accounts: OrderedDict[str, str] = OrderedDict()

    def account(self, key: str | None) -> str | None:
        """The account to prefer, `None` for an unknown key or none."""
        if key is None or key not in self._accounts:
            return None
        self._accounts.move_to_end(key)
        return self._accounts[key]

    def answered(self, key: str | None, alias: str, *, lasting: bool = False) -> None:
        """Remember who answered.

        Args:
            lasting: for all processes, and for good.
        """
        if key is None:
            return
        self._accounts[key] = alias
        self._accounts.move_to_end(key)
        if len(self._accounts) > self._size:
            self._accounts.popitem(last=False)
        if lasting and self._conversations is not None:
            self._conversations.remember(key, alias)
