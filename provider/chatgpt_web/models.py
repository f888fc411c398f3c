"""Which models an account has: by plan and observation, and by its live list (docs/protocol.md sections 2.3 and 9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Preset:
    """One entry of the page's picker. `slug` need not be one of the list's models; `effort` is `None` when unset."""

    title: str
    selected_title: str
    slug: str
    lane: str
    effort: str | None


@dataclass(frozen=True, slots=True)
class Version:
    """A family of models as the page's picker groups them."""

    id: str
    label: str
    enabled: bool
    slugs: tuple[str, ...]
    presets: tuple[Preset, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """An account's live list, in upstream's order. `picker_version` says which generation of the picker it is for."""

    models: tuple[OfferedModel, ...]
    default_model: str | None
    picker_version: int | None
    versions: tuple[Version, ...]


def capabilities(
    plan: str | None, observed: Sequence[str] = (), efforts: Mapping[str, Sequence[str]] | None = None
) -> Capabilities:
    """What a plan offers when no live list says more.

    Args:
        plan: as the token spells it, in any case; one that is not known offers what was observed.
        observed: slugs that the capture names.
        efforts: thinking efforts that the capture names, by slug.
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
    )


def read_models(document: Any) -> tuple[OfferedModel, ...]:
    """The live list's models in upstream's order; entries without a slug and repeats are left out."""
    found: dict[str, OfferedModel] = {}
    for entry in _objects(document, "models"):
        slug = _text(entry, "slug")
        if slug and slug not in found:
            found[slug] = OfferedModel(slug, _text(entry, "title") or slug, _efforts(entry))
    return tuple(found.values())


def read_listing(document: Any) -> Listing:
    """The whole live list; versions without an id and presets without title, slug or lane are left out."""
    whole = document if isinstance(document, dict) else {}
    picker = whole.get("model_picker_version")
    return Listing(
        models=read_models(whole),
        default_model=_text(whole, "default_model_slug"),
        picker_version=picker if isinstance(picker, int) and not isinstance(picker, bool) else None,
        versions=tuple(_version(entry) for entry in _objects(whole, "versions") if _text(entry, "id")),
    )


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


def _version(entry: Mapping[str, Any]) -> Version:
    name = _text(entry, "id") or ""
    slugs = entry.get("slugs")
    return Version(
        id=name,
        label=_text(entry, "display_text_for_intelligence") or _text(entry, "display_text") or name,
        enabled=entry.get("enabled") is True,
        slugs=tuple(slug for slug in slugs if isinstance(slug, str)) if isinstance(slugs, list) else (),
        presets=tuple(preset for preset in map(_preset, _objects(entry, "intelligence_presets")) if preset),
    )


def _preset(entry: Mapping[str, Any]) -> Preset | None:
    title, slug, lane = _text(entry, "title"), _text(entry, "model_slug"), _text(entry, "lane")
    if not (title and slug and lane):
        return None
    return Preset(title, _text(entry, "selected_display_title") or title, slug, lane, _text(entry, "thinking_effort"))


def _objects(document: Any, key: str) -> list[dict[str, Any]]:
    listed = document.get(key) if isinstance(document, dict) else None
    return [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []


def _text(entry: Mapping[str, Any], key: str) -> str | None:
    value = entry.get(key)
    return value if isinstance(value, str) and value else None
