"""Answers, as the vendor's own models want them."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter

T = TypeVar("T", bound=BaseModel)


def strict(model: type[T], body: Any) -> T:
    """The body as the vendor's model: nothing missing, no value it does not know, no type that has to be converted."""
    return model.model_validate(body, strict=True)


def strict_union(models: Any, body: Any) -> Any:
    """The same of one of several models."""
    return TypeAdapter(models).validate_python(body, strict=True)
