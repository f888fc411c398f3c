"""Usage as a table in Markdown, for people: what `view` tells, in cells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from bridge.routing.reasons import lasting, number

_NOT_REPORTED = "not reported"
_COLUMNS = (
    "Account",
    "Plan",
    "OK",
    "Default",
    "Deep Research",
    "Image Gen",
    "File Upload",
    "Paste File",
    "Model Limit",
    "As Of",
)
_SAME_SECONDS = 60
"""A figure that is no more than this older than its account's is as good as told together with it."""

_FEATURE_COLUMNS = ("deep_research", "image_gen", "file_upload", "paste_text_to_file")


def table(entries: Iterable[Mapping[str, Any]]) -> str:
    """The accounts as a table in Markdown.

    A figure that is older than its account's, or not from the same source, says so itself.
    """
    lines = [_row(_COLUMNS), _row("---" for _ in _COLUMNS)]
    for one in entries:
        cells = (
            one["account"],
            one["plan_type"] or "unknown",
            _ok_cell(one),
            one["default_model_slug"] or _NOT_REPORTED,
            *(_cell(one["features"][name], one) for name in _FEATURE_COLUMNS),
            _model_cell(one),
            _told(one) or "never",
        )
        lines.append(_row(str(cell) for cell in cells))
    return "\n".join(lines) + "\n"


def _ok_cell(one: Mapping[str, Any]) -> str:
    if one["ok"]:
        return "yes"
    status = one.get("status")
    if one["ok"] is False:
        return f"no: {status}"
    if status == "cooling" and one.get("until"):
        return f"cooling until {_time(datetime.fromtimestamp(one['until'], UTC))}"
    return "unknown" if status == "metadata_unavailable" else str(status)


def _cell(feature: Mapping[str, Any], one: Mapping[str, Any]) -> str:
    state = feature["status"]
    if state == "not_reported":
        return _NOT_REPORTED
    parts = ["blocked" if state == "blocked" else number(feature["remaining"])]
    if feature.get("spent_since"):
        parts.append(f"{number(feature['spent_since'])} taken since")
    parts += _reset(feature)
    if _differs(feature, one):
        parts.append(_told(feature))
    return "; ".join(parts)


def _differs(feature: Mapping[str, Any], one: Mapping[str, Any]) -> bool:
    if feature.get("as_of") is None:
        return False
    older = one["as_of"] is None or abs(one["as_of"] - feature["as_of"]) > _SAME_SECONDS
    return older or feature["source"] != one.get("source")


def _told(told: Mapping[str, Any]) -> str:
    """How old something is and where it comes from; empty where it was never told."""
    return "" if told.get("age_seconds") is None else f"{lasting(told['age_seconds'])} ago, {told['source']}"


def _model_cell(one: Mapping[str, Any]) -> str:
    limits = ["; ".join([limit["model_slug"], *_reset(limit)]) for limit in one["model_limits"]]
    return ", ".join(limits) or ("none" if one["as_of"] is not None else _NOT_REPORTED)


def _reset(limited: Mapping[str, Any]) -> list[str]:
    resets = limited["resets_after"]
    return [f"reset {_time(datetime.fromisoformat(resets))}"] if resets else []


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _row(cells: Iterable[str]) -> str:
    escaped = (" ".join(cell.splitlines()).replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(escaped)} |"
