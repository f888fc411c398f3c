"""Which models an account has: by plan and observation, and by its live list (docs/protocol.md sections 2.3 and 9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from provider.interface.accounts import Capabilities, OfferedModel

AUTO = "auto"
CORE = "gpt-5-5"
THINKING = "gpt-5-5-thinking"
PRO = "gpt-5-5-pro"

_EFFORTS: Mapping[str, tuple[str, ...]] = {
    THINKING: ("standard", "extended", "max"),
    PRO: ("standard", "extended"),
}
_AUTO_ONLY = frozenset(("free", "go"))
_PRO_IF_OBSERVED = frozenset(("team", "business", "enterprise", "edu"))
_WITH_MODELS = _PRO_IF_OBSERVED | {"plus", "pro"}


def capabilities(
    plan: str | None,
    observed: Sequence[str] = (),
    efforts: Mapping[str, Sequence[str]] | None = None,
    backend_efforts: tuple[str, ...] = (),
) -> Capabilities:
    """What a plan offers when no live list says more.

    Args:
        plan: as the token spells it, in any case; one that is not known offers what was observed.
        observed: slugs that settings and capture name, the one that was chosen last first.
        efforts: thinking efforts that they name, by slug.
        backend_efforts: efforts that the account's settings offer.
    """
    name = plan.lower() if plan else None
    models = _models(name, observed)
    known = _EFFORTS if name in _WITH_MODELS else {}
    seen = efforts or {}
    listed = {slug: (*known.get(slug, ()), *seen.get(slug, ())) for slug in models if slug != AUTO}
    return Capabilities(
        plan=name,
        models=models,
        efforts={slug: tuple(dict.fromkeys(found)) for slug, found in listed.items() if found},
        open_ended=name not in _WITH_MODELS | _AUTO_ONLY,
        default_model=next((slug for slug in observed if slug in models), models[0]),
        unlisted=tuple(dict.fromkeys(slug for slug in observed if slug not in models)),
        backend_efforts=backend_efforts,
    )


def read_models(document: Any) -> tuple[OfferedModel, ...]:
    """The live list's models in upstream's order; entries without a slug and repeats are left out."""
    found: dict[str, OfferedModel] = {}
    for entry in _objects(document, "models"):
        slug = _text(entry, "slug")
        if slug and slug not in found:
            found[slug] = OfferedModel(slug, _text(entry, "title") or slug, _efforts(entry))
    return tuple(found.values())


def _models(plan: str | None, observed: Sequence[str]) -> tuple[str, ...]:
    if plan in _AUTO_ONLY:
        return (AUTO,)
    if plan == "plus":
        return (AUTO, CORE, THINKING)
    if plan == "pro":
        return (AUTO, CORE, THINKING, PRO)
    if plan in _PRO_IF_OBSERVED:
        return (AUTO, CORE, THINKING, PRO) if PRO in observed else (AUTO, CORE, THINKING)
    return tuple(dict.fromkeys((AUTO, *observed)))


def _efforts(entry: Mapping[str, Any]) -> tuple[str, ...]:
    names = (_text(item, "thinking_effort") for item in _objects(entry, "thinking_efforts"))
    return tuple(dict.fromkeys(name for name in names if name))


def _objects(document: Any, key: str) -> list[dict[str, Any]]:
    listed = document.get(key) if isinstance(document, dict) else None
    return [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []


def _text(entry: Mapping[str, Any], key: str) -> str | None:
    value = entry.get(key)
    return value if isinstance(value, str) and value else None
