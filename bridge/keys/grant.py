"""What one request may do."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from core.contracts.keys import AccessScope, KeyRecord
from core.errors import AccountNotAllowedError, MissingScopeError, ModelNotAllowedError
from core.ids import PRIMARY_OWNER

_PREFIX = "chatgpt-web/"


@dataclass(frozen=True, slots=True)
class Grant:
    """What an API key allows.

    Attributes:
        key_id: names the key, and owns what it makes.
        models, accounts: the only ones it may name; empty for all of them.
        per_minute, per_day: how much work it may begin, `None` for no limit.
    """

    key_id: str
    name: str
    scopes: frozenset[AccessScope]
    models: frozenset[str] = frozenset()
    accounts: tuple[str, ...] = ()
    per_minute: int | None = None
    per_day: int | None = None

    @property
    def owner(self) -> str:
        """Who owns what this key makes."""
        return self.key_id

    @property
    def sees(self) -> str | None:
        """Whose things this key may look at and end; `None`: everybody's."""
        return None if AccessScope.ADMIN in self.scopes else self.key_id

    @property
    def actor(self) -> str:
        """How the audit log calls whoever has this key."""
        return f"key:{self.key_id}"

    def allows(self, *scopes: AccessScope) -> bool:
        """Whether the key has one of these scopes."""
        return not self.scopes.isdisjoint(scopes)

    def require(self, scope: AccessScope) -> None:
        """See that the key has a scope.

        Raises:
            MissingScopeError: it has not.
        """
        if scope not in self.scopes:
            raise MissingScopeError(f"The API key {self.name!r} does not have the scope `{scope}`.")

    def allows_model(self, *names: str) -> bool:
        """Whether the key may use a model that goes by these names."""
        return not self.models or any(plain_model(name) in self.models for name in names)

    def require_model(self, *names: str) -> None:
        """See that the key may use a model, by any of its names.

        Raises:
            ModelNotAllowedError: it may not.
        """
        if not self.allows_model(*names):
            raise ModelNotAllowedError(
                f"The API key {self.name!r} may not use the model {names[0]!r}, but {_either(sorted(self.models))}.",
                param="model",
            )

    def accounts_among(self, chosen: tuple[str, ...], *, param: str) -> tuple[str, ...]:
        """The accounts that may serve, where a request chose these, or none.

        Raises:
            AccountNotAllowedError: it chose one that the key may not use.
        """
        if not self.accounts:
            return chosen
        for alias in chosen:
            if alias not in self.accounts:
                raise AccountNotAllowedError(
                    f"The API key {self.name!r} may not use the account {alias!r}, but {_either(self.accounts)}.",
                    param=param,
                )
        return chosen or self.accounts


PRIMARY = Grant(PRIMARY_OWNER, "bootstrap", frozenset(AccessScope))
"""The operator's own key: the one that is set, or the one of the first start."""


def grant_of(record: KeyRecord) -> Grant:
    """What a remembered key allows."""
    return Grant(
        key_id=record.id,
        name=record.name,
        scopes=frozenset(record.scopes),
        models=frozenset(plain_model(name) for name in record.models),
        accounts=record.accounts,
        per_minute=record.per_minute,
        per_day=record.per_day,
    )


def plain_model(name: str) -> str:
    """A model's name as it is compared."""
    return name.strip().lower().removeprefix(_PREFIX)


def _either(names: Collection[str]) -> str:
    return " or ".join(repr(name) for name in names)
