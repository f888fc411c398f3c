"""Public model names: what they stand for upstream, and which of them the accounts can serve."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bridge.accounts.account import Account
from core.errors import UnsupportedParameterError

AUTO = "auto"
IMAGE = "gpt-image-1"
RESEARCH = "chatgpt-deep-research"

_PREFIX = "chatgpt-web/"
_IMAGES = ("gpt-image-", "dall-e-", "chatgpt-image")
_RESEARCH = frozenset({RESEARCH, "deep-research", "openai-deep-research"})
_MODES = frozenset(
    {"optimized", "default", "fast", "poc", "short"}
    | {"opencode", "classic", "compat", "full", "legacy", "native", "original"}
)
_WITH_EFFORT = re.compile(r"(?P<slug>.+-(?:thinking|pro))-(?P<effort>min|standard|extended|max|xhigh)")


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """What a turn asks for: the upstream slug and the thinking effort, `None` for the account's own choice."""

    slug: str
    effort: str | None = None


def is_auto(name: str | None) -> bool:
    """Whether the name leaves the choice to upstream, so that no account's plan matters."""
    return name is None or name in (AUTO, "", f"{_PREFIX}{AUTO}")


def chat_model(name: str | None, effort: str | None, accounts: Sequence[Account]) -> ModelChoice:
    """What a chat's model name stands for; a name nobody knows is taken for an upstream slug.

    Args:
        name: as the client wrote it; `None` or empty is `auto`.
        effort: the client's own wish, which counts where the name does not fix one.

    Raises:
        UnsupportedParameterError: the name asks for a kind of work that is not served as chat.
    """
    plain = _plain(name)
    if plain == AUTO:
        return ModelChoice(AUTO)
    if plain in _RESEARCH:
        raise UnsupportedParameterError("A research model answers chats and researches only.", param="model")
    choice = _aliases(accounts).get(plain) or _by_shape(plain) or ModelChoice(plain)
    return choice if choice.effort is not None else ModelChoice(choice.slug, effort)


def is_research(name: object) -> bool:
    """Whether a model's name asks for Deep Research."""
    return isinstance(name, str) and _plain(name) in _RESEARCH


def research_model(name: str | None) -> str:
    """The public name of a research's model, as the client wrote it; upstream chooses the model itself.

    Raises:
        UnsupportedParameterError: the name stands for another kind of work.
    """
    if name and not is_auto(name) and not is_research(name):
        raise UnsupportedParameterError(f"{name!r} is no research model.", param="model")
    return name or RESEARCH


def image_slug(name: str | None, accounts: Sequence[Account]) -> str:
    """The upstream slug that draws; the vendor's names of image models leave the choice to upstream.

    Raises:
        UnsupportedParameterError: as `chat_model`.
    """
    return AUTO if _plain(name).startswith(_IMAGES) else chat_model(name, None, accounts).slug


def listed(accounts: Sequence[Account]) -> tuple[str, ...]:
    """The names that some account can serve, without doubles, in the accounts' order; none without an account."""
    if not accounts:
        return ()
    return (*dict.fromkeys((AUTO, *_aliases(accounts))), IMAGE, RESEARCH)


def is_listed(name: str, accounts: Sequence[Account]) -> bool:
    """Whether a name, with or without its prefix, is one of `listed`."""
    return name.removeprefix(_PREFIX) in listed(accounts)


def _plain(name: str | None) -> str:
    plain = (name or "").strip().removeprefix(_PREFIX) or AUTO
    for mark in "@#":
        _, found, suffix = plain.rpartition(mark)
        if found and suffix.lower().replace("_", "-") in _MODES:
            raise UnsupportedParameterError(
                f"The agent mode {suffix!r} is not served by this version of the bridge.", param="model"
            )
    return plain


def _aliases(accounts: Iterable[Account]) -> dict[str, ModelChoice]:
    """Public names in listing order; a slug with efforts has a name for each of them."""
    found: dict[str, ModelChoice] = {}
    for account in accounts:
        for slug in account.capabilities.models:
            efforts = account.capabilities.efforts.get(slug, ())
            for effort in efforts:
                found.setdefault(f"{slug}-{effort}", ModelChoice(slug, effort))
            if not efforts:
                found.setdefault(slug, ModelChoice(slug))
    # `auto` is no alias: every account serves it, whatever its plan.
    found.pop(AUTO, None)
    return found


def _by_shape(name: str) -> ModelChoice | None:
    shaped = _WITH_EFFORT.fullmatch(name)
    return ModelChoice(shaped["slug"], shaped["effort"]) if shaped else None
