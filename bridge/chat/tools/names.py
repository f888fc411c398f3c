"""The names of what is offered, as models write them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

_PREFIX = re.compile(r"\s*(?:functions?|tools?)\.", re.IGNORECASE)
_JOINTS = re.compile(r"[-_.:/\s]+")
_LONGEST = 200


def plain(name: str) -> str:
    """The name without the `functions.` that models put before it."""
    return _PREFIX.sub("", name, count=1).strip()


class Names:
    """Finds an offered name by what a model wrote: exactly, else by the only one that is spelt alike but for upper case
    and for `-`, `_`, `.`, `:` and `/` between its words."""

    def __init__(self, names: Iterable[str]) -> None:
        self._exact = dict.fromkeys(names)
        self._alike: dict[str, str | None] = {}
        for name in self._exact:
            folded = _folded(name)
            self._alike[folded] = None if folded in self._alike else name

    def __bool__(self) -> bool:
        return bool(self._exact)

    def find(self, name: str) -> str | None:
        """The offered name that is meant, `None` for none or for one of several."""
        if len(name) > _LONGEST:
            return None
        for spelling in (name, plain(name)):
            if spelling in self._exact:
                return spelling
        return self._alike.get(_folded(plain(name)))

    def near(self, name: str) -> list[str]:
        """Up to three offered names that look like this one, the nearest first."""
        folded = [_folded(one) for one in self._exact]
        close = difflib.get_close_matches(_folded(plain(name)[:_LONGEST]), set(folded), n=3, cutoff=0.5)
        return [one for near in close for one, spelt in zip(self._exact, folded, strict=True) if spelt == near][:3]


def _folded(name: str) -> str:
    return _JOINTS.sub("_", name).casefold()
