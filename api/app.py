"""The application: routes, and what happens to every request."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.accounts.router import router as accounts
from api.admin.router import router as admin
from api.audit.router import router as audit
from api.auth import BearerAuth
from api.chat.router import router as chat
from api.codec.router import router as codec
from api.codec.ui import UiCodec
from api.conversations.router import router as conversations
from api.cooldowns.router import router as cooldowns
from api.document.build import Api
from api.errors import answer_to
from api.files.library import ROUTE as FILES
from api.files.library import router as library
from api.files.receiving import BESIDE_BYTES
from api.files.router import router as files
from api.health.router import router as health
from api.images.edits import ROUTE as EDITS
from api.images.router import router as images
from api.keys.router import router as keys
from api.limits.router import router as limits
from api.middleware.body_limit import BodyLimit
from api.middleware.cors import Cors
from api.middleware.failures import Failures
from api.middleware.head import Head
from api.middleware.hosts import HostGuard
from api.middleware.origins import OriginGuard
from api.middleware.request_id import RequestId
from api.models.router import router as models
from api.operations.router import router as operations
from api.research.router import router as research
from api.responses.router import router as responses
from api.route.router import router as route
from api.scopes import ScopeGuard
from api.services import OpenServices, Services
from api.unoffered import unoffered
from api.usage.router import router as usage
from api.validation import param_name
from api.vision.router import router as vision
from api.vision.service import ROUTE as VISION
from core.errors import InvalidRequestError, MethodNotAllowedError, NotFoundError
from core.settings import Settings

_CLIENTS = (
    chat, responses, conversations, images, vision, models, research, operations, files, library, route, health, usage,
)  # fmt: skip
_OPERATORS = (admin, accounts, cooldowns, keys, audit, limits, codec)


def create_app(settings: Settings, *, open_services: OpenServices) -> FastAPI:
    """The API. Its lifespan opens the services and gives them to every request as `state.services`.

    Args:
        open_services: opens what the handlers work with; entered once, left when the server has stopped.
    """

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[dict[str, Services]]:
        async with open_services(settings) as services:
            yield {"services": services}

    app = Api(title="ChatGPT Bridge", lifespan=lifespan, docs_url=None, redoc_url=None, redirect_slashes=False)
    for router in (*_CLIENTS, *_OPERATORS):
        app.include_router(router)
    app.add_exception_handler(HTTPException, _no_route)
    app.add_exception_handler(RequestValidationError, _bad_query)
    # The one that is added last is the first to see a request.
    app.add_middleware(Head)
    with_pictures = max(settings.server.max_body_bytes, settings.inputs.max_input_body_bytes)
    by_path = dict.fromkeys((EDITS, VISION), with_pictures) | {FILES: settings.files.max_file_bytes + BESIDE_BYTES}
    app.add_middleware(BodyLimit, most_bytes=settings.server.max_body_bytes, by_path=by_path)
    app.add_middleware(ScopeGuard)
    app.add_middleware(OriginGuard, origins=settings.server.cors_origins)
    app.add_middleware(BearerAuth)
    app.add_middleware(Failures)
    app.add_middleware(Cors, origins=settings.server.cors_origins)
    app.add_middleware(HostGuard, settings=settings.server)
    app.add_middleware(UiCodec, settings=settings.temporal)
    app.add_middleware(RequestId)
    return app


async def _no_route(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, HTTPException)
    where = f"{request.method} {request.url.path}"
    if problem.status_code == 405:
        response = answer_to(MethodNotAllowedError(f"{where} is not allowed.")).response()
        response.headers.update(problem.headers or {})
        return response
    if problem.status_code == 404:
        return answer_to(unoffered(request.url.path) or NotFoundError(f"There is no route {where}.")).response()
    return answer_to(InvalidRequestError(problem.detail), status=problem.status_code).response()


async def _bad_query(_request: Request, problem: Exception) -> Response:
    assert isinstance(problem, RequestValidationError)
    first = problem.errors()[0]
    param = param_name(first["loc"][1:])
    message = str(first["msg"]).removeprefix("Value error, ")
    return answer_to(InvalidRequestError(f"`{param}`: {message}", param=param), status=422).response()
