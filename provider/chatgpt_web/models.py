"""Which models an account has: by plan and observation, and by its live list (docs/protocol.md sections 2.3 and 9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from provider.interface.accounts import Capabilities, OfferedModel

AUTO = "auto"
CORE = "gpt-5-5"
THINKING = "gpt-5-5-thinking"
PRO = "gpt-5-5-pro"

_THINKING_EFFORTS = ("standard", "extended", "max")
_PRO_EFFORTS = ("standard", "extended")
_AUTO_ONLY = frozenset(("free", "go"))
_PRO_IF_OBSERVED = frozenset(("team", "business", "enterprise", "edu"))


def capabilities(plan: str | None, observed: Sequence[str] = ()) -> Capabilities:
    """What a plan offers when no live list says more; `observed` are slugs the capture names."""
    name = plan.lower() if plan else None
    models = _models(name, observed)
    efforts = {THINKING: _THINKING_EFFORTS, PRO: _PRO_EFFORTS}
    return Capabilities(
        plan=name, models=models, efforts={slug: found for slug, found in efforts.items() if slug in models}
    )


def read_models(document: Any) -> tuple[OfferedModel, ...]:
    """The live list in upstream's order; entries without a slug and repeats are left out."""
    listed = document.get("models") if isinstance(document, dict) else None
    found: dict[str, OfferedModel] = {}
    for entry in listed if isinstance(listed, list) else []:
        slug = entry.get("slug") if isinstance(entry, dict) else None
        if isinstance(slug, str) and slug and slug not in found:
            title = entry.get("title")
            found[slug] = OfferedModel(slug, title if isinstance(title, str) else slug, _efforts(entry))
    return tuple(found.values())


def _models(plan: str | None, observed: Sequence[str]) -> tuple[str, ...]:
    if plan in _AUTO_ONLY:
        return (AUTO,)
    if plan is None:
        return tuple(dict.fromkeys((AUTO, *observed)))
    if plan == "plus":
        return (AUTO, CORE, THINKING)
    if plan == "pro" or PRO in observed:
        return (AUTO, CORE, THINKING, PRO)
    if plan in _PRO_IF_OBSERVED:
        return (AUTO, CORE, THINKING)
    return tuple(dict.fromkeys((AUTO, CORE, THINKING, *observed)))


def _efforts(entry: Mapping[str, Any]) -> tuple[str, ...]:
    listed = entry.get("thinking_efforts")
    names = (
        [item.get("thinking_effort") for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    )
    return tuple(name for name in names if isinstance(name, str) and name)
