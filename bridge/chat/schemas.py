"""JSON schemas that clients send: compiled once, and what a value has wrong by them in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bridge.chat.tools.complaints import complaint
from bridge.chat.tools.jsontext import dumps
from bridge.chat.tools.validators import UnusableSchemaError, validator
from core.errors import InvalidRequestError

if TYPE_CHECKING:
    import jsonschema_rs


@dataclass(frozen=True, slots=True)
class Schema:
    """One schema. `text` is its compact JSON, as the model is shown it."""

    text: str
    _validator: jsonschema_rs.Validator = field(repr=False, compare=False)

    @classmethod
    def of(cls, schema: Mapping[str, Any], *, param: str) -> Schema:
        """Compile a schema; nothing that it refers to elsewhere is fetched.

        Raises:
            InvalidRequestError: it is no schema, or refers to one that is not within it.
        """
        try:
            return cls(dumps(schema), validator(schema))
        except (UnusableSchemaError, RecursionError) as error:
            raise InvalidRequestError(f"`{param}` is not a usable JSON schema: {error}", param=param) from None

    def problems(self, value: Any) -> tuple[str, ...]:
        """What is wrong with a value, a sentence each with the place in front; nothing where it fits."""
        return tuple(complaint(error) for error in self._validator.iter_errors(value))
