"""The routes of one simulator, HTTP and WebSocket on one origin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiohttp import web

from provider.simulator import catalog, reads
from provider.simulator.accounts import Account
from provider.simulator.admin import Admin
from provider.simulator.door import Door, Handler, Visit
from provider.simulator.files import Files
from provider.simulator.images import ImageWork
from provider.simulator.refusals import detail
from provider.simulator.research import ResearchWork
from provider.simulator.sockets import Sockets
from provider.simulator.topics import log_of
from provider.simulator.turns import Turns
from provider.simulator.world import World

_MOST_BODY_BYTES = 128 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class App:
    """The aiohttp application and what has to be closed with it."""

    web: web.Application
    sockets: Sockets


def make_app(world: World) -> App:
    """All routes over `world`."""
    door = Door(world)
    sockets: Sockets

    def announce(account: Account, conversation_id: str, kind: str, content: dict[str, Any]) -> None:
        sockets.announce(account, conversation_id, kind, content)

    research = ResearchWork(world, announce)
    turns = Turns(world, ImageWork(world, announce), research, lambda turn: sockets.completed(turn))
    sockets = Sockets(world, lambda topic: log_of(turns.by_topic(topic) or research.by_topic(topic)))
    app = web.Application(client_max_size=_MOST_BODY_BYTES)
    files = Files(world)
    for method, path, handler in (*_turn_routes(turns, sockets, research), *_file_routes(files), *_PAGES):
        app.router.add_route(method, path, door.let_in(path, handler))
    open_routes: tuple[tuple[str, str, Handler], ...] = (
        ("PUT", "/__blob__/{id}", files.put),
        ("GET", "/__blob__/content", files.foreign_content),
        ("GET", "/p0/ws/user/{user}", sockets.connect),
    )
    for method, path, handler in open_routes:
        app.router.add_route(method, path, door.let_in(path, handler, login=False))
    Admin(world).add_routes(app.router)
    app.router.add_route("*", "/{other:.*}", door.let_in("(unknown)", _unknown, login=False))
    return App(app, sockets)


_PAGES: tuple[tuple[str, str, Handler], ...] = (
    ("POST", "/backend-api/conversation/init", catalog.init),
    ("GET", "/backend-api/models", catalog.models),
    ("GET", "/backend-api/settings/user", catalog.settings),
    ("GET", "/backend-api/me", catalog.me),
    ("GET", "/backend-api/accounts/check/v4-2023-04-27", catalog.account_check),
    ("GET", "/backend-api/conversations", reads.listing),
    ("GET", "/backend-api/conversation/{id}", reads.conversation),
    ("GET", "/backend-api/conversation/{id}/stream_status", reads.stream_status),
)


def _turn_routes(turns: Turns, sockets: Sockets, research: ResearchWork) -> tuple[tuple[str, str, Handler], ...]:
    return (
        ("POST", "/backend-api/f/conversation", turns.converse),
        ("POST", "/backend-api/sentinel/chat-requirements", turns.requirements),
        ("POST", "/backend-api/f/conversation/prepare", turns.prepare),
        ("POST", "/backend-api/f/conversation/resume", turns.resume),
        ("POST", "/backend-api/stop_conversation", turns.stop),
        ("POST", "/backend-api/ecosystem/call_mcp", research.call_mcp),
        ("GET", "/backend-api/celsius/ws/user", sockets.address),
        ("POST", "/backend-api/register-websocket", sockets.address),
    )


def _file_routes(files: Files) -> tuple[tuple[str, str, Handler], ...]:
    return (
        ("POST", "/backend-api/files", files.create),
        ("POST", "/backend-api/files/process_upload_stream", files.process),
        ("POST", "/backend-api/files/{id}/uploaded", files.uploaded),
        ("GET", "/backend-api/files/{id}", files.info),
        ("GET", "/backend-api/files/{id}/download", files.link_of_upload),
        ("GET", "/backend-api/files/download/{id}", files.link_of_picture),
        ("GET", "/backend-api/conversation/{conversation}/attachment/{id}/download", files.link_of_picture),
        ("GET", "/backend-api/estuary/content", files.content),
    )


async def _unknown(request: web.Request, visit: Visit) -> web.StreamResponse:
    return detail(404, "Not Found").response()
