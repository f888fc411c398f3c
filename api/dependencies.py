"""What handlers ask for by annotation."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends
from starlette.requests import Request

from api.caller import grant_of
from api.links import Links, links_of
from api.services import Services
from bridge.keys.grant import Grant


def services_of(request: Request) -> Services:
    """What the server works with."""
    return cast(Services, request.state.services)


def links_for(request: Request) -> Links:
    """The download links for this request's client."""
    return links_of(request.scope, services_of(request))


def grant_for(request: Request) -> Grant:
    """What this request's key allows."""
    return grant_of(request.scope)


ServicesDep = Annotated[Services, Depends(services_of)]
LinksDep = Annotated[Links, Depends(links_for)]
GrantDep = Annotated[Grant, Depends(grant_for)]
