"""How settings are read: one area at a time, from arguments first, then the environment, then the default."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import AliasChoices, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.errors import SettingError


class Area(BaseSettings):
    """One area of settings. A field's `validation_alias` is its environment variable; a blank value means unset."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, populate_by_name=True)


AreaT = TypeVar("AreaT", bound=Area)


def load(area: type[AreaT], **overrides: Any) -> AreaT:
    """Read one area; `overrides` are field values that win over the environment, `None` meaning "not given".

    Raises:
        SettingError: one line that names the variable. The value is shown unless the field is a secret.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return area(**given)
    except ValidationError as error:
        raise SettingError("; ".join(_line(area, problem) for problem in error.errors())) from None


def variables(area: type[Area], field: str) -> tuple[str, ...]:
    """The environment variables of a field, the one that wins first."""
    alias = area.model_fields[field].validation_alias
    if isinstance(alias, AliasChoices):
        return tuple(str(choice) for choice in alias.choices)
    return (str(alias),)


def variable(area: type[Area], field: str) -> str:
    """The environment variable of a field."""
    return variables(area, field)[0]


def _line(area: type[Area], problem: Any) -> str:
    name = str(problem["loc"][0])
    owner = {shown: field for field in area.model_fields for shown in (field, *variables(area, field))}
    field = owner.get(name, name)
    message = problem["msg"].removeprefix("Value error, ")
    value = "" if _is_secret(area, field) else f", got {problem['input']!r}"
    return f"{variable(area, field)}: {message}{value}"


def _is_secret(area: type[Area], field: str) -> bool:
    return "SecretStr" in str(area.model_fields[field].annotation)
