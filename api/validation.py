"""Checked requests: whatever is wrong names its field."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, WithJsonSchema

from core.errors import InvalidRequestError

ModelT = TypeVar("ModelT", bound=BaseModel)

WORDS = {"type": "string", "pattern": r"\S"}
"""Text that says something, in the words of JSON Schema."""

_OPERATION_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@~-]{0,127}")


class Request(BaseModel):
    """The base of request bodies: types are not converted, unknown fields are ignored."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class StrictRequest(Request):
    """The base of bodies that decide what others may do: a misspelt field is refused, not left out."""

    model_config = ConfigDict(extra="forbid")


def shown(*kinds: Mapping[str, Any]) -> WithJsonSchema:
    """What the OpenAPI document says of a field that may be null, and that code alone can check."""
    return WithJsonSchema({"anyOf": [*kinds, {"type": "null"}]})


def _operation_id(value: str | None) -> str | None:
    if value is not None and not _OPERATION_ID.fullmatch(value):
        raise ValueError("must be 1 to 128 letters, digits or any of `. _ : @ ~ -`, and begin with a letter or a digit")
    return value


def _names(value: Any) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else value
    if parts is None:
        return ()
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise ValueError("must be an array of names, or one string with commas between them")
    return tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))


OperationId = Annotated[
    str | None, AfterValidator(_operation_id), shown({"type": "string", "pattern": f"^{_OPERATION_ID.pattern}$"})
]
"""A client-chosen operation id: fits one segment of a path, a header and Temporal's workflow id."""

Names = Annotated[
    Any, AfterValidator(_names), shown({"type": "array", "items": {"type": "string"}}, {"type": "string"})
]
"""Names as a list or as one string with commas; becomes a tuple without doubles."""


def validated(model: type[ModelT], body: Mapping[str, Any], *, within: str = "") -> ModelT:
    """The body as a model.

    Args:
        within: path of `body` in the request, such as `metadata`.

    Raises:
        InvalidRequestError: `param` names the first field that is wrong.
    """
    try:
        return model.model_validate(body)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        param = param_name((within, *problem["loc"]) if within else problem["loc"])
        unknown = problem["type"] == "extra_forbidden"
        message = "there is no such field" if unknown else problem["msg"].removeprefix("Value error, ")
        raise InvalidRequestError(f"`{param}`: {message}", param=param) from None


def param_name(path: Sequence[str | int]) -> str:
    """A path into a body as people write it: `messages[0].role`."""
    name = ""
    for step in path:
        name += f"[{step}]" if isinstance(step, int) else f".{step}" if name else step
    return name
