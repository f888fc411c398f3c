"""What can be said of an account: from its capture alone, and from asking upstream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Level = Literal["required", "recommended"]


@dataclass(frozen=True, slots=True)
class Check:
    """One check of docs/protocol.md section 1: `detail` is a sentence for the operator, without secrets."""

    name: str
    level: Level
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the account's plan allows when nothing newer is known.

    `models` are upstream slugs, `auto` first; `efforts` maps a slug to its thinking efforts. `plan` is lower-case and
    `None` when the token does not say. `open_ended`: the plan is unknown, it may have other models and efforts too.
    `default_model` is the one that was chosen last, as far as the plan has it; `unlisted` were seen, but the plan does
    not have them; `backend_efforts` are those that the account's settings offer.
    """

    plan: str | None
    models: tuple[str, ...]
    efforts: dict[str, tuple[str, ...]]
    open_ended: bool = False
    default_model: str | None = None
    unlisted: tuple[str, ...] = ()
    backend_efforts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """What a capture shows of the request it was copied from; nothing in it is secret.

    Attributes:
        url: without login and query; empty where there is none.
        headers: those that are replayed; secret values are replaced.
        model, action, thinking_effort: what the body asks for.
        last_model_config, default_model_config: what the model cookies say.
    """

    url: str = ""
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cookie_count: int = 0
    model: str | None = None
    action: str | None = None
    thinking_effort: str | None = None
    last_model_config: Mapping[str, str] = field(default_factory=dict)
    default_model_config: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PickerSettings:
    """What an account's settings in the browser say of models and efforts.

    Attributes:
        default_efforts: by lane.
        last_models: chosen last, by where.
        last_efforts: chosen last, by model.
    """

    default_model: str | None = None
    default_efforts: Mapping[str, str] = field(default_factory=dict)
    last_models: Mapping[str, str] = field(default_factory=dict)
    last_efforts: Mapping[str, str] = field(default_factory=dict)
    reasoning_efforts: tuple[str, ...] = ()
    wingman_effort: str | None = None


@dataclass(frozen=True, slots=True)
class Inspection:
    """A capture, examined; nothing was sent and nothing was written.

    Attributes:
        ok: no required check failed.
        format: format id of docs/protocol.md section 1.
        checks: every check in a fixed order.
        capabilities: by plan and observation.
        email: masked address, `None` when the token has none.
        account_id: masked upstream account id.
        token_expires_at: aware UTC.
        observed_models: slugs seen in the capture's body and cookies.
        token_issued_at: when the token was made, aware UTC.
        cookies_expire_at: when the first of the session's cookies ends, aware UTC.
        settings: what the account's settings say, `None` where none were given.
    """

    ok: bool
    format: str
    checks: tuple[Check, ...]
    capabilities: Capabilities
    email: str | None
    account_id: str | None
    user_id: str | None
    token_expires_at: datetime | None
    observed_models: tuple[str, ...]
    token_issued_at: datetime | None = None
    cookies_expire_at: datetime | None = None
    seen: Seen = field(default_factory=Seen)
    settings: PickerSettings | None = None

    @classmethod
    def unreadable(cls, detail: str) -> Inspection:
        """Of a text that is no capture: the check `parse` has failed, and there are no others."""
        return cls(
            ok=False,
            format="unknown",
            checks=(Check("parse", "required", False, detail),),
            capabilities=Capabilities(plan=None, models=(), efforts={}),
            email=None,
            account_id=None,
            user_id=None,
            token_expires_at=None,
            observed_models=(),
        )

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the failed required checks."""
        return tuple(check.name for check in self.checks if check.level == "required" and not check.ok)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Names of the failed recommended checks."""
        return tuple(check.name for check in self.checks if check.level == "recommended" and not check.ok)


@dataclass(frozen=True, slots=True)
class FeatureQuota:
    """What upstream reports of one feature. `remaining` is `None` when it did not say, which means unknown.

    `limit` is the size of the whole quota; upstream names it only of a feature that it blocks.
    """

    name: str
    status: Literal["available", "exhausted", "blocked", "not_reported"]
    remaining: float | None = None
    resets_at: datetime | None = None
    description: str | None = None
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class ModelLimit:
    """A model that is capped now. `instead` is the slug upstream silently answers with, if it said."""

    slug: str
    instead: str | None = None
    resets_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """The account's limits at one moment; features keyed by their canonical name (docs/protocol.md section 9)."""

    features: dict[str, FeatureQuota]
    model_limits: tuple[ModelLimit, ...] = ()
    default_model: str | None = None


@dataclass(frozen=True, slots=True)
class OfferedModel:
    """A model of the account's live list."""

    slug: str
    title: str
    efforts: tuple[str, ...] = ()
