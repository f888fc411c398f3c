"""What an account last chose in the page's model picker (docs/protocol.md section 2.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Preferences:
    """An account's stored choices; hints of what it has used, no proof that it may.

    Attributes:
        default_model: a fixed default, `None` when there is none.
        default_efforts: effort by lane, such as `pro`.
        last_models: slug by place, `web` first among them.
        last_efforts: by place, then by slug.
        backend_efforts: efforts that the account may be set to, in upstream's order.
        effort: the account's own general effort.
    """

    default_model: str | None
    default_efforts: dict[str, str]
    last_models: dict[str, str]
    last_efforts: dict[str, dict[str, str]]
    backend_efforts: tuple[str, ...]
    effort: str | None

    @property
    def observed_models(self) -> tuple[str, ...]:
        """Every slug that is named, sorted."""
        used = (slug for efforts in self.last_efforts.values() for slug in efforts)
        named = {*self.last_models.values(), *used}
        if self.default_model:
            named.add(self.default_model)
        return tuple(sorted(named))

    @property
    def observed_efforts(self) -> tuple[str, ...]:
        """Every effort that is named, once each: those of models first, then those of the account."""
        used = (effort for efforts in self.last_efforts.values() for effort in efforts.values())
        general = (self.effort,) if self.effort else ()
        return tuple(dict.fromkeys((*self.default_efforts.values(), *used, *general, *self.backend_efforts)))

    def preferred_model(self, captured: str | None = None) -> str:
        """The slug used last on the web, else elsewhere, else the captured one, else `auto`."""
        return self.last_models.get("web") or self.last_models.get("default") or captured or "auto"


def read_preferences(document: Any) -> Preferences:
    """The choices in the answer of `settings/user`; whatever has another shape counts as not chosen."""
    settings = _object(document, "settings")
    default, last = _object(settings, "default_model_config"), _object(settings, "last_used_model_config")
    juices = _object(last, "juices")
    backend = _object(document, "available_options").get("backend_reasoning_effort")
    return Preferences(
        default_model=_text(default.get("default_model_slug")),
        default_efforts=_texts(_object(default, "juices")),
        last_models=_texts(_object(last, "slugs")),
        last_efforts={place: _texts(_object(juices, place)) for place in juices},
        backend_efforts=tuple(filter(None, map(_text, backend))) if isinstance(backend, list) else (),
        effort=_text(settings.get("wingman_thinking_effort")),
    )


def _object(document: Any, key: str) -> dict[str, Any]:
    value = document.get(key) if isinstance(document, dict) else None
    return value if isinstance(value, dict) else {}


def _texts(values: dict[str, Any]) -> dict[str, str]:
    return {key: value for key, value in values.items() if isinstance(value, str) and value}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
