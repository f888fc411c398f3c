"""The routes of the application, as they are mounted."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from api.app import create_app
from core.settings import load_all


@cache
def application() -> FastAPI:
    """The application without anything behind it."""
    settings = load_all(storage={"data_dir": Path("nowhere")})
    return create_app(settings, open_services=lambda _: None)  # type: ignore[arg-type, return-value]


@cache
def routes() -> tuple[tuple[str, str], ...]:
    """The method and the path of every route that the application has."""

    def found(several: Any) -> Iterator[tuple[str, str]]:
        for route in several:
            inner = getattr(route, "original_router", None)
            if inner is not None:
                yield from found(inner.routes)
            else:
                yield from ((method, route.path) for method in route.methods - {"HEAD"})

    return tuple(sorted(set(found(application().routes))))
