"""Public model names: what they stand for upstream, and which of them the accounts can serve."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bridge.accounts.account import Account
from bridge.chat.tools.offer import PromptMode, prompt_mode
from bridge.keys.grant import Grant
from core.errors import UnsupportedParameterError

AUTO = "auto"
IMAGE = "gpt-image-1"
RESEARCH = "chatgpt-deep-research"

_PREFIX = "chatgpt-web/"
_IMAGES = ("gpt-image-", "dall-e-", "chatgpt-image")
_RESEARCH = frozenset({RESEARCH, "deep-research", "openai-deep-research"})
_WITH_EFFORT = re.compile(r"(?P<slug>.+-(?:thinking|pro))-(?P<effort>min|standard|extended|max|xhigh)")
_EFFORTS = ("min", "standard", "extended", "max", "xhigh")

REASONING_EFFORTS: Mapping[str, int] = {"none": 0, "minimal": 0, "low": 0, "medium": 1, "high": 2, "xhigh": 3, "max": 3}
"""What OpenAI's efforts come to, as places in the web's own; ChatGPT calls `standard` medium and `extended` high."""


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """What a turn asks for: the upstream slug and the thinking effort, `None` for the account's own choice."""

    slug: str
    effort: str | None = None


@dataclass(frozen=True, slots=True)
class Fallback:
    """The model that answers where another cannot, by its public name."""

    name: str
    model: ModelChoice


def is_auto(name: str | None) -> bool:
    """Whether the name leaves the choice to upstream, so that no account's plan matters."""
    return name is None or name in (AUTO, "", f"{_PREFIX}{AUTO}")


def chat_model(
    name: str | None, effort: str | None, accounts: Sequence[Account], *, reasoning: str | None = None
) -> ModelChoice:
    """What a chat's model name stands for; a name nobody knows is taken for an upstream slug.

    Args:
        name: as the client wrote it, with or without a mode of the tool bridge; `None` or empty is `auto`.
        effort: the client's own wish, which counts where the name does not fix one.
        reasoning: one of `REASONING_EFFORTS`; the nearest that the model offers counts.

    Raises:
        UnsupportedParameterError: the name asks for a kind of work that is not served as chat.
    """
    plain = _plain(name)
    if plain == AUTO:
        return ModelChoice(AUTO)
    if plain in _RESEARCH:
        raise UnsupportedParameterError("A research model answers chats and researches only.", param="model")
    choice = _aliases(accounts).get(plain) or _by_shape(plain) or ModelChoice(plain)
    if choice.effort is not None:
        return choice
    if effort is None and reasoning is not None:
        effort = _nearest(reasoning, choice.slug, accounts)
    return ModelChoice(choice.slug, effort)


def fallback_for(name: str | None, grant: Grant, accounts: Sequence[Account]) -> Fallback | None:
    """The model that answers where another cannot, unless there is none or the key may not use it."""
    if name is None:
        return None
    model = chat_model(name, None, accounts)
    return Fallback(name, model) if grant.allows_model(name, model.slug) else None


def mode_of(name: str | None) -> PromptMode | None:
    """The mode of the tool bridge that a model's name ends with, `None` for a name without one."""
    return _split(name)[1]


def is_image(name: str | None) -> bool:
    """Whether a model's name asks for a picture."""
    return _plain(name).startswith(_IMAGES)


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
    return AUTO if is_image(name) else chat_model(name, None, accounts).slug


def listed(accounts: Sequence[Account]) -> tuple[str, ...]:
    """The names that some account can serve, in the accounts' order, each chat's with its modes; none without one."""
    if not accounts:
        return ()
    plain = dict.fromkeys((AUTO, *_aliases(accounts)))
    chats = (shown for name in plain for shown in (name, *(f"{name}@{mode}" for mode in PromptMode)))
    return (*chats, IMAGE, RESEARCH)


def is_listed(name: str, accounts: Sequence[Account]) -> bool:
    """Whether a name, with or without its prefix, is one of `listed`."""
    return name.removeprefix(_PREFIX) in listed(accounts)


def _plain(name: str | None) -> str:
    return _split(name)[0]


def _split(name: str | None) -> tuple[str, PromptMode | None]:
    """The name without prefix and mode, and the mode; what follows an `@` or `#` and is no mode belongs to the name."""
    plain = (name or "").strip().removeprefix(_PREFIX) or AUTO
    for mark in "@#":
        base, found, suffix = plain.rpartition(mark)
        mode = prompt_mode(suffix) if found else None
        if mode is not None:
            return base or AUTO, mode
    return plain, None


def _nearest(reasoning: str, slug: str, accounts: Iterable[Account]) -> str | None:
    """The effort of a model that comes nearest to a reasoning effort, the lower of two; `None` where it has none."""
    wanted = REASONING_EFFORTS[reasoning]
    offered = {effort for account in accounts for effort in account.capabilities.efforts.get(slug, ())}
    known = [effort for effort in _EFFORTS if effort in offered]
    return min(known, key=lambda effort: abs(_EFFORTS.index(effort) - wanted), default=None)


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
