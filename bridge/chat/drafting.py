"""Which draft an answer gets."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from bridge.chat.calling import CallingDraft, Tell
from bridge.chat.drafts import CutDraft, Draft, PlainDraft, Say, ShapedDraft
from bridge.chat.order import Form
from bridge.chat.tools.schemas import Checker


def draft_for(form: Form, say: Say, tell: Tell) -> Draft:
    """A draft for an answer of this form.

    Args:
        say, tell: tell the client words and calls.
    """
    if form.offer is None or not form.offer.callable:
        return _words(form, say)
    words = partial(_words, replace(form, most_tokens=None), say)
    return CallingDraft(Checker(form.offer), form, words, say, tell)


def _words(form: Form, say: Say) -> Draft:
    if form.shape is not None:
        return ShapedDraft(form, form.shape, say)
    cut = form.stops or form.most_tokens is not None
    return CutDraft(form, say) if cut else PlainDraft(say)
