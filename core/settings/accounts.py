"""Accounts: where captures lie, which are used, how much they may do at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr, field_validator
from pydantic_settings import NoDecode

from core.contracts.routing import Strategy, strategy_named
from core.settings.base import Area


def _strategy(value: object) -> object:
    return strategy_named(value) if isinstance(value, str) else value


_OVERRIDES = "Overrides such as `free=1,plus=3,my-alias=2`: plan names or aliases with a limit of"
_OR_OFF = f"{_OVERRIDES} 0 to 32; 0 switches it off."


class AccountsSettings(Area):
    """The account pool."""

    accounts_dir: Path = Field(
        Path("secrets/accounts"), validation_alias="CHATGPT_ACCOUNTS_DIR", description="Folder of the captures."
    )
    account: str | None = Field(
        None, validation_alias="CHATGPT_ACCOUNT", description="Alias that comes first in the pool's order."
    )
    accounts: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        validation_alias="CHATGPT_ACCOUNTS",
        description="The pool: aliases, comma-separated, in order. Unset: every saved capture, in alphabetical order.",
    )
    strategy: Annotated[Strategy, BeforeValidator(_strategy)] = Field(
        Strategy.AUTO,
        validation_alias="CHATGPT_ACCOUNT_STRATEGY",
        description="Who serves, of those who can: `auto`, `sticky`, `failover`, `random`, `round-robin`, `weighted`, "
        "`quota-aware` or `least-busy`; requests may ask for another (docs/routing.md).",
    )
    secrets_passphrase: SecretStr | None = Field(
        None,
        validation_alias="CHATGPT_SECRETS_PASSPHRASE",
        description="Passphrase that encrypts the captures. Unset: the key file in the accounts folder does.",
    )
    chat_concurrency: str = Field(
        "", validation_alias="CHATGPT_CHAT_CONCURRENCY", description=f"Chats. {_OVERRIDES} 1 to 32."
    )
    helper_concurrency: str = Field(
        "",
        validation_alias="CHATGPT_HELPER_CONCURRENCY",
        description=f"Chats that agents have for themselves, such as summaries. {_OVERRIDES} 1 to 32.",
    )
    upload_concurrency: str = Field(
        "", validation_alias="CHATGPT_UPLOAD_CONCURRENCY", description=f"Uploads. {_OR_OFF}"
    )
    image_concurrency: str = Field("", validation_alias="CHATGPT_IMAGE_CONCURRENCY", description=f"Images. {_OR_OFF}")
    research_concurrency: str = Field(
        "", validation_alias="CHATGPT_RESEARCH_CONCURRENCY", description=f"Deep Research. {_OR_OFF}"
    )

    @field_validator("accounts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))
        return value

    @field_validator("secrets_passphrase")
    @classmethod
    def _blank_is_unset(cls, value: SecretStr | None) -> SecretStr | None:
        return value if value is not None and value.get_secret_value().strip() else None
