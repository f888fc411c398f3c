"""The accounts upstream knows, and what each of them has left."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from provider.simulator.config import SimulatorConfig
from provider.simulator.conversations import Conversations
from provider.simulator.identity import EXPIRES_AT, as_uuid, derive, make_token, read_token
from provider.simulator.refusals import CATALOGUE, RefusedError, coded

AUTH_CLAIM = "https://api.openai.com/auth"
PROFILE_CLAIM = "https://api.openai.com/profile"

_FEATURES: dict[str, dict[str, int]] = {
    "free": {"file_upload": 100, "image_gen": 200, "deep_research": 5},
    "go": {"file_upload": 200, "image_gen": 400, "deep_research": 5},
    "plus": {"file_upload": 1_000, "image_gen": 2_000, "deep_research": 25},
    "pro": {"file_upload": 10_000, "image_gen": 20_000, "deep_research": 250},
}
_TRUST_SECONDS = 60.0
_USUAL_RESET_SECONDS = 5 * 3600.0


@dataclass(slots=True)
class Sentinel:
    """What the requirements call asks of this account's client.

    Attributes:
        difficulty: hex prefix of the proof; empty asks for no proof.
        malformed: send a challenge without seed and difficulty.
        turnstile: a Turnstile token is required; `arkose` likewise.
        force_login: ask for a new login.
        unknown: name of a further requirement nobody has heard of.
        no_token: leave the requirements token out.
    """

    difficulty: str = "0fffff"
    malformed: bool = False
    turnstile: bool = False
    arkose: bool = False
    force_login: bool = False
    unknown: str | None = None
    no_token: bool = False


@dataclass(slots=True)
class Account:
    """One login and its state upstream.

    Attributes:
        features: what is left of each counted feature; a missing name is not reported and not limited.
        blocked: features that are blocked whatever is left.
        model_limits: slugs that are capped now.
        refill: what is left of the features that it names from `resets_at` on.
        resets_at: Unix time of that, once; `None` says five hours from now, and nothing comes back.
        expired: the bearer token counts as expired.
        disabled: the account is deactivated.
        most_in_flight: turns at a time before "only one message at a time"; 0 is no limit.
    """

    alias: str
    plan: str
    seed: int
    sentinel: Sentinel
    conversations: Conversations
    features: dict[str, int] = field(default_factory=dict)
    blocked: set[str] = field(default_factory=set)
    model_limits: set[str] = field(default_factory=set)
    refill: dict[str, int] = field(default_factory=dict)
    resets_at: float | None = None
    expired: bool = False
    disabled: bool = False
    most_in_flight: int = 0
    running: int = 0

    @property
    def account_id(self) -> str:
        return as_uuid(derive(self.seed, self.alias, "account"))

    @property
    def user_id(self) -> str:
        return f"user-{derive(self.seed, self.alias, 'user')[:20]}"

    @property
    def device_id(self) -> str:
        return as_uuid(derive(self.seed, self.alias, "device"))

    @property
    def session_id(self) -> str:
        return as_uuid(derive(self.seed, self.alias, "session"))

    @property
    def email(self) -> str:
        return f"{self.alias}@simulator.test"

    @property
    def user_agent(self) -> str:
        return "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"

    def proof_config(self) -> list[Any]:
        """The browser configuration that the account's captured proof token holds."""
        return [
            3000,
            "Tue Jan 01 2030 00:00:00 GMT+0000 (Coordinated Universal Time)",
            4_294_705_152,
            0,
            self.user_agent,
            "https://cdn.simulator.test/app.js",
            "prod-simulator",
            "en-US",
            "en-US,en",
            0,
            "webdriver\u2212false",
            "location",
            "onclick",
            1234.5,
            self.session_id,
            "",
            8,
            1_790_000_000_000.5,
        ]

    def claims(self, expires_at: int = EXPIRES_AT) -> dict[str, Any]:
        """The claims of the account's bearer token (docs/protocol.md section 1.8)."""
        return {
            "iss": "https://auth.simulator.test",
            "iat": 1_790_000_000,
            "exp": expires_at,
            "sub": f"auth0|{self.alias}",
            AUTH_CLAIM: {
                "chatgpt_plan_type": self.plan,
                "chatgpt_account_id": self.account_id,
                "chatgpt_user_id": self.user_id,
            },
            PROFILE_CLAIM: {"email": self.email, "email_verified": True},
        }

    def bearer(self, expires_at: int = EXPIRES_AT) -> str:
        """The account's bearer token."""
        return make_token(self.claims(expires_at), _secret(self.seed))

    def spend(self, feature: str, number: int = 1) -> bool:
        """Use `number` of a counted feature; `False` when it is blocked or not enough is left."""
        self._reset()
        if feature in self.blocked:
            return False
        left = self.features.get(feature)
        if left is None:
            return True
        if left < number:
            return False
        self.features[feature] = left - number
        return True

    def limits(self) -> dict[str, Any]:
        """The limits document, as `conversation/init` and the end of every turn send it."""
        self._reset()
        later = datetime.fromtimestamp(self._next_reset(), UTC).isoformat()
        return {
            "type": "conversation_detail_metadata",
            "banner_info": None,
            "default_model_slug": "auto",
            "intended_default_model_slug": "auto",
            "atlas_mode_enabled": None,
            "model_limits": [
                {
                    "model_slug": slug,
                    "using_default_model_slug": "gpt-5-5-mini",
                    "resets_after": later,
                    "description": None,
                }
                for slug in sorted(self.model_limits)
            ],
            "blocked_features": [
                {
                    "name": name,
                    "block_reason": "quota",
                    "limit": None,
                    "resets_after": later,
                    "resets_after_text": "in 5 hours",
                    "title": None,
                    "description": "Limit reached",
                }
                for name in sorted(self.blocked)
            ],
            "limits_progress": [
                {"feature_name": name, "remaining": left, "reset_after": later} for name, left in self.features.items()
            ],
        }

    def exhausted(self, feature: str, message: str) -> RefusedError:
        """The refusal of a feature of which nothing is left."""
        clears_in = max(self._next_reset() - time.time(), 0)
        return RefusedError(coded(429, f"{feature}_limit", message, clears_in=clears_in))

    def _next_reset(self) -> float:
        return time.time() + _USUAL_RESET_SECONDS if self.resets_at is None else self.resets_at

    def _reset(self) -> None:
        if self.resets_at is not None and self.resets_at <= time.time():
            self.features.update(self.refill)
            self.blocked -= self.refill.keys()
            self.resets_at = None


class Accounts:
    """All accounts of one simulator; finds one by the bearer token of a request."""

    def __init__(self, config: SimulatorConfig) -> None:
        self._secret = _secret(config.seed)
        self._trusted: dict[str, tuple[Account, float, float]] = {}
        self._by_alias = {account.alias: account for account in _build(config)}
        self._by_id = {account.account_id: account for account in self}

    def __iter__(self) -> Iterator[Account]:
        return iter(self._by_alias.values())

    def get(self, alias: str) -> Account | None:
        """The account of that alias."""
        return self._by_alias.get(alias)

    def authorize(self, authorization: str | None) -> Account:
        """The account a request speaks for.

        Raises:
            RefusedError: no token, a foreign or changed one, an expired one, a disabled account.
        """
        account = self._identify(authorization)
        if account.expired:
            raise RefusedError(CATALOGUE["token_expired"])
        if account.disabled:
            raise RefusedError(CATALOGUE["account_deactivated"])
        return account

    def _identify(self, authorization: str | None) -> Account:
        known = self._trusted.get(authorization or "")
        if known is None or known[2] < time.monotonic():
            known = self._read(authorization)
            self._trusted[authorization or ""] = known
        account, expires_at, _ = known
        if expires_at <= time.time():
            raise RefusedError(CATALOGUE["token_expired"])
        return account

    def _read(self, authorization: str | None) -> tuple[Account, float, float]:
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise RefusedError(CATALOGUE["unauthorized"])
        claims = read_token(token, self._secret)
        account = self._by_id.get(claims[AUTH_CLAIM]["chatgpt_account_id"]) if claims else None
        if claims is None or account is None:
            raise RefusedError(coded(401, "invalid_jwt", "Could not parse your authentication token."))
        return account, float(claims["exp"]), time.monotonic() + _TRUST_SECONDS


def _build(config: SimulatorConfig) -> Iterator[Account]:
    seen: dict[str, int] = {}
    for plan in config.accounts:
        seen[plan] = seen.get(plan, 0) + 1
        alias = plan if seen[plan] == 1 else f"{plan}-{seen[plan]}"
        features = dict(_FEATURES.get(plan, _FEATURES["plus"]))
        yield Account(alias, plan, config.seed, Sentinel(config.difficulty), Conversations(), features)


def _secret(seed: int) -> bytes:
    return bytes.fromhex(derive(seed, "token secret"))
