"""What handlers ask for by annotation."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends
from starlette.requests import Request

from api.links import public_base
from api.services import Services


def services_of(request: Request) -> Services:
    """What the server works with."""
    return cast(Services, request.state.services)


def base_of(request: Request) -> str:
    """Where this request's client reaches the server."""
    return public_base(request.scope, services_of(request).settings.server)


ServicesDep = Annotated[Services, Depends(services_of)]
BaseDep = Annotated[str, Depends(base_of)]
