"""Whether a request itself asks for a chat that upstream does not keep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator

from api.overrides import AccountOptions
from api.validation import shown
from core.settings.upstream import privacy


def _privacy(value: Any) -> bool | None:
    if value is None:
        return None
    known = privacy(value) if isinstance(value, bool | str) else None
    if known is None:
        raise ValueError("must be a boolean or a word such as true, false, temporary or normal")
    return known


Privacy = Annotated[Any, AfterValidator(_privacy), shown({"type": "boolean"}, {"type": "string"})]


class PrivacyOptions(AccountOptions):
    """The three names of one option, the first of which counts."""

    history_and_training_disabled: Privacy = None
    temporary_chat: Privacy = None
    chatgpt_temporary_chat: Privacy = None


_NAMES = tuple(name for name in PrivacyOptions.model_fields if name not in AccountOptions.model_fields)


def private_of(options: Mapping[str, Any]) -> bool | None:
    """What they say, `None` where they say nothing."""
    return next((bool(options[name]) for name in _NAMES if options[name] is not None), None)
