"""Tokens that are good for one turn: requirements and conduit (docs/protocol.md sections 2.5 and 2.6)."""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from provider.simulator.accounts import Account
from provider.simulator.proof import Challenge, accepts
from provider.simulator.refusals import RefusedError, coded

REQUIREMENTS_SECONDS = 540
_MOST_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class _Issued:
    account: str
    expires_at: float
    challenge: Challenge | None = None
    turnstile: bool = False
    arkose: bool = False


class Tokens:
    """Issues tokens and takes each back once."""

    def __init__(self) -> None:
        self._requirements: OrderedDict[str, _Issued] = OrderedDict()
        self._conduits: OrderedDict[str, _Issued] = OrderedDict()

    def require(self, account: Account) -> dict[str, Any]:
        """The requirements document for one turn, as the account's sentinel settings have it."""
        sentinel = account.sentinel
        token = f"gAAAAAB{secrets.token_urlsafe(24)}"
        challenge = None
        if sentinel.difficulty or sentinel.malformed:
            challenge = Challenge(f"0.{secrets.randbelow(10**10):010d}", sentinel.difficulty)
        expires_at = time.monotonic() + REQUIREMENTS_SECONDS
        issued = _Issued(account.alias, expires_at, challenge, sentinel.turnstile, sentinel.arkose)
        _keep(self._requirements, token, issued)
        wanted: dict[str, Any] = {"required": challenge is not None}
        if challenge is not None:
            sent = Challenge("", "") if sentinel.malformed else challenge
            wanted |= {"seed": sent.seed, "difficulty": sent.difficulty}
        answer: dict[str, Any] = {
            "persona": "chatgpt-freeaccount" if account.plan == "free" else "chatgpt-paid",
            "token": token,
            "expire_after": REQUIREMENTS_SECONDS,
            "force_login": sentinel.force_login,
            "proofofwork": wanted,
            "turnstile": {"required": sentinel.turnstile, "dx": "opaque"},
            "arkose": {"required": sentinel.arkose, "dx": None},
        }
        if sentinel.unknown is not None:
            answer[sentinel.unknown] = {"required": True}
        if sentinel.no_token:
            del answer["token"]
        return answer

    def conduit(self, account: Account) -> str:
        """A fresh conduit token."""
        token = f"simulated-conduit.{secrets.token_urlsafe(18)}"
        _keep(self._conduits, token, _Issued(account.alias, time.monotonic() + REQUIREMENTS_SECONDS))
        return token

    def redeem(self, account: Account, headers: Any) -> bool:
        """Take a turn's tokens; returns whether it carried a conduit token.

        Raises:
            RefusedError: no requirements token, one that was used, expired or issued to another account, a wrong
                proof, a missing Turnstile or Arkose token, a conduit token that is not fresh.
        """
        issued = self._requirements.pop(headers.get("openai-sentinel-chat-requirements-token", ""), None)
        if issued is None or issued.account != account.alias or issued.expires_at < time.monotonic():
            raise RefusedError(
                coded(403, "requirements_token_invalid", "The requirements token is missing or was used.")
            )
        proof = headers.get("openai-sentinel-proof-token")
        if issued.challenge is not None and not accepts(issued.challenge, proof, account.proof_config()):
            raise RefusedError(coded(403, "proof_invalid", "The proof of work was not accepted."))
        for name, wanted in (("turnstile", issued.turnstile), ("arkose", issued.arkose)):
            if wanted and headers.get(f"openai-sentinel-{name}-token") != f"{name}-{account.session_id}":
                raise RefusedError(coded(403, f"{name}_invalid", f"The {name} token was not accepted."))
        return self._redeem_conduit(account, headers.get("x-conduit-token"))

    def clear(self) -> None:
        """Void everything that was issued."""
        self._requirements.clear()
        self._conduits.clear()

    def _redeem_conduit(self, account: Account, token: str | None) -> bool:
        if token is None:
            return False
        issued = self._conduits.pop(token, None)
        if issued is None or issued.account != account.alias or issued.expires_at < time.monotonic():
            raise RefusedError(coded(403, "conduit_token_invalid", "The conduit token is unknown or was used."))
        return True


def _keep(tokens: OrderedDict[str, _Issued], token: str, issued: _Issued) -> None:
    tokens[token] = issued
    if len(tokens) > _MOST_KEPT:
        tokens.popitem(last=False)
