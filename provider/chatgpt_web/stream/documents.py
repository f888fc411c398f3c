"""Changes to a JSON document, the operations of docs/protocol.md section 3.4."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, TypeAlias

Json: TypeAlias = Any
Container: TypeAlias = dict[str, Any] | list[Any]

MISSING: Final = object()
"""What a slot holds that does not exist."""


@lru_cache(maxsize=512)
def segments(path: str) -> tuple[str, ...]:
    """The keys of a JSON pointer; `""` is the root and has none."""
    if not path:
        return ()
    keys = path[1:] if path.startswith("/") else path
    return tuple(key.replace("~1", "/").replace("~0", "~") for key in keys.split("/"))


def resolve(root: Container, keys: tuple[str, ...]) -> Container | None:
    """The container that holds the last key. Missing ones on the way are made; `None` when a plain value is in it."""
    here: Container = root
    for key, following in zip(keys, keys[1:], strict=False):
        inner = get(here, key)
        if inner is MISSING or inner is None:
            inner = [] if following.isdigit() else {}
            if not _put(here, key, inner):
                return None
        if not isinstance(inner, dict | list):
            return None
        here = inner
    return here


def get(container: Container, key: str) -> Json:
    """The value in a slot, or `MISSING`."""
    if isinstance(container, dict):
        return container.get(key, MISSING)
    index = _index(key, len(container))
    return container[index] if index is not None and index < len(container) else MISSING


def change(container: Container, key: str, op: str, value: Json) -> bool:
    """Apply one operation to a slot. Returns whether the operation is known and fits what is there."""
    if op == "add":
        return _add(container, key, value)
    if op == "replace":
        return _put(container, key, value)
    if op == "append":
        return _append(container, key, value)
    if op == "truncate":
        return _truncate(container, key, value)
    if op == "remove":
        return _remove(container, key)
    return False


def _index(key: str, length: int) -> int | None:
    if key == "-":
        return length
    return int(key) if key.isascii() and key.isdigit() and len(key) < 10 else None


def _add(container: Container, key: str, value: Json) -> bool:
    if isinstance(container, dict):
        container[key] = value
        return True
    index = _index(key, len(container))
    if index is None:
        return False
    container.insert(index, value)
    return True


def _put(container: Container, key: str, value: Json) -> bool:
    if isinstance(container, dict):
        container[key] = value
        return True
    index = _index(key, len(container))
    if index is None:
        return False
    if index < len(container):
        container[index] = value
    else:
        container.append(value)
    return True


def _append(container: Container, key: str, value: Json) -> bool:
    target = get(container, key)
    if target is MISSING or target is None:
        return _put(container, key, value)
    if isinstance(target, str) and isinstance(value, str):
        return _put(container, key, target + value)
    if isinstance(target, list):
        if isinstance(value, list):
            target.extend(value)
        else:
            target.append(value)
        return True
    if isinstance(target, dict) and isinstance(value, dict):
        target.update(value)
        return True
    return False


def _truncate(container: Container, key: str, value: Json) -> bool:
    target = get(container, key)
    if not isinstance(target, str | list) or not isinstance(value, int) or value < 0:
        return False
    return _put(container, key, target[:value])


def _remove(container: Container, key: str) -> bool:
    if isinstance(container, dict):
        container.pop(key, None)
        return True
    index = _index(key, len(container))
    if index is None:
        return False
    if index < len(container):
        del container[index]
    return True
