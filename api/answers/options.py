"""Options of whoever talks to a model, by whatever route."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator

from api.privacy import PrivacyOptions
from api.validation import shown


def _switch(value: Any) -> Any:
    if value is not None and not isinstance(value, bool | str | int):
        raise ValueError("must be a boolean or a word")
    return value


Switch = Annotated[Any, AfterValidator(_switch), shown({"type": "boolean"}, {"type": "string"}, {"type": "integer"})]


class TalkOptions(PrivacyOptions):
    """What may stand in the body or in its `metadata`; the last four are one switch of the tool bridge."""

    agent_mode: Switch = None
    chatgpt_agent_mode: Switch = None
    tool_bridge: Switch = None
    chatgpt_tool_bridge: Switch = None
