"""`POST /v1/chatgpt/research`: an operation whose result is a report."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.routing import Route

from api.images.serving import OperationRoute
from api.research.service import ROUTE, read, research_answer

router = APIRouter(routes=[Route(ROUTE, OperationRoute(read, research_answer), methods=["POST"])])
