"""The operator's side of the simulator, below `/__sim__/`: JSON in, JSON out, no login, never in the ledger.

=========================== ============================================================================================
`GET  ledger`               everything that was asked (`?last=N` limits the list of requests)
`POST reset`                forget ledger, rules, scripts, conversations and files; release what is held
`GET  rules`                the rules in force
`POST rules`                add one: the fields of `Rules.add`
`DELETE rules[/{number}]`   remove one or all
`GET  scripts`              the scripts in force, and how far each is
`POST scripts`              add one: the arguments of `Scripts.add`
`DELETE scripts[/{number}]` remove one or all
`GET  held`                 the requests that wait
`POST release`              `{"number": 3}` or `{}` for all of them
`GET  settings`             the dials and the accounts
`POST settings`             change dials: the fields of `Dials`
`POST accounts/{alias}`     change an account: `features`, `blocked`, `refill`, `resets_at`, `model_limits`, `expired`,
                            `disabled`, `plan`, `most_in_flight`, `sentinel` (the fields of `Sentinel`)
`GET  captures`             every account's capture (`?style=curl-bash`)
=========================== ============================================================================================
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, fields
from typing import Any

from aiohttp import web

from core.errors import CallerError, InvalidRequestError
from provider.simulator import wire
from provider.simulator.accounts import Account, Sentinel
from provider.simulator.captures import DEFAULT_STYLE, capture
from provider.simulator.door import json_object
from provider.simulator.faults import BadRuleError, Rule
from provider.simulator.refusals import RefusedError
from provider.simulator.scripted import BadScriptError, Script
from provider.simulator.world import Dials, World

Action = Callable[[web.Request], Any]


class BadSettingError(InvalidRequestError):
    """A dial or account field that does not exist or cannot have that value."""


def turn_dials(dials: Dials, changes: dict[str, Any]) -> None:
    """Change dials while the simulator runs.

    Raises:
        BadSettingError: no such dial, or a value of another type.
    """
    _assign(dials, changes)


def change_account(account: Account, changes: dict[str, Any]) -> None:
    """Change what upstream knows of an account.

    Raises:
        BadSettingError: no such field, or a value of another type.
    """
    changes = dict(changes)
    sentinel = changes.pop("sentinel", {})
    for name in ("blocked", "model_limits"):
        if name in changes:
            changes[name] = set(changes[name])
    unknown = set(changes) - _ACCOUNT_FIELDS
    if unknown:
        raise BadSettingError(f"an account has no {', '.join(sorted(unknown))} to set")
    _assign(account, changes)
    _assign(account.sentinel, sentinel)


class Admin:
    """The handlers."""

    def __init__(self, world: World) -> None:
        self._world = world

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Lay the routes."""
        routes: tuple[tuple[str, str, Action], ...] = (
            ("GET", "ledger", self._ledger),
            ("POST", "reset", self._reset),
            ("GET", "rules", self._rules),
            ("POST", "rules", self._add_rule),
            ("DELETE", "rules", self._clear_rules),
            ("DELETE", "rules/{number:\\d+}", self._clear_rules),
            ("GET", "scripts", self._scripts),
            ("POST", "scripts", self._add_script),
            ("DELETE", "scripts", self._clear_scripts),
            ("DELETE", "scripts/{number:\\d+}", self._clear_scripts),
            ("GET", "held", self._held),
            ("POST", "release", self._release),
            ("GET", "settings", self._settings),
            ("POST", "settings", self._set),
            ("POST", "accounts/{alias}", self._account),
            ("GET", "captures", self._captures),
        )
        for method, path, action in routes:
            router.add_route(method, f"/__sim__/{path}", _answering(action))

    async def _ledger(self, request: web.Request) -> Any:
        last = request.query.get("last", "")
        return self._world.ledger.snapshot(last=int(last) if last.isdecimal() else None)

    async def _reset(self, request: web.Request) -> Any:
        self._world.reset()
        return {"status": "ok"}

    async def _rules(self, request: web.Request) -> Any:
        return {"rules": [_shown(rule) for rule in self._world.rules.listed()]}

    async def _add_rule(self, request: web.Request) -> Any:
        try:
            return _shown(self._world.rules.add(**await json_object(request)))
        except TypeError as unknown:
            raise BadRuleError(str(unknown).partition(") ")[2]) from None

    async def _clear_rules(self, request: web.Request) -> Any:
        number = request.match_info.get("number")
        if number is None:
            self._world.rules.clear()
            return {"status": "ok"}
        return {"removed": self._world.rules.remove(int(number))}

    async def _scripts(self, request: web.Request) -> Any:
        return {"scripts": [_told(script) for script in self._world.scripts.listed()]}

    async def _add_script(self, request: web.Request) -> Any:
        body = await json_object(request)
        unknown = sorted(set(body) - {"when", "says", "repeat"})
        if unknown:
            raise BadScriptError(f"a script has when, says and repeat, not {', '.join(unknown)}")
        script = self._world.scripts.add(
            when=body.get("when", ""), says=body.get("says", ()), repeat=body.get("repeat", False)
        )
        return _told(script)

    async def _clear_scripts(self, request: web.Request) -> Any:
        number = request.match_info.get("number")
        if number is None:
            self._world.scripts.clear()
            return {"status": "ok"}
        return {"removed": self._world.scripts.remove(int(number))}

    async def _held(self, request: web.Request) -> Any:
        shown = ("number", "point", "account", "route", "at")
        return {"held": [{name: getattr(held, name) for name in shown} for held in self._world.holds.listed()]}

    async def _release(self, request: web.Request) -> Any:
        return {"released": self._world.holds.release((await json_object(request)).get("number"))}

    async def _settings(self, request: web.Request) -> Any:
        return {
            "dials": asdict(self._world.dials),
            "accounts": {account.alias: _described(account) for account in self._world.accounts},
        }

    async def _set(self, request: web.Request) -> Any:
        turn_dials(self._world.dials, await json_object(request))
        return asdict(self._world.dials)

    async def _account(self, request: web.Request) -> Any:
        account = self._world.accounts.get(request.match_info["alias"])
        if account is None:
            raise BadSettingError(f"no account is called {request.match_info['alias']!r}")
        change_account(account, await json_object(request))
        return _described(account)

    async def _captures(self, request: web.Request) -> Any:
        style = request.query.get("style", DEFAULT_STYLE)
        return {account.alias: capture(account, self._world.base_url, style=style) for account in self._world.accounts}


_ACCOUNT_FIELDS = frozenset(
    "features blocked refill resets_at model_limits expired disabled plan most_in_flight".split()
)


def _answering(action: Action) -> Callable[[web.Request], Any]:
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return web.json_response(await action(request), dumps=wire.dumps)
        except CallerError as wrong:
            return web.json_response({"error": wrong.message}, status=400)
        except RefusedError as refused:
            return refused.answer.response()

    return handle


def _shown(rule: Rule) -> dict[str, Any]:
    shown = asdict(rule)
    shown["answer"] = None if rule.answer is None else rule.answer.status
    return shown


def _told(script: Script) -> dict[str, Any]:
    shown = {name: getattr(script, name) for name in ("number", "when", "repeat", "answered", "next")}
    return {**shown, "says": [asdict(line) for line in script.says]}


def _described(account: Account) -> dict[str, Any]:
    shown: dict[str, Any] = {name: getattr(account, name) for name in sorted(_ACCOUNT_FIELDS)}
    shown["blocked"] = sorted(account.blocked)
    shown["model_limits"] = sorted(account.model_limits)
    return {**shown, "running": account.running, "sentinel": asdict(account.sentinel)}


def _assign(target: Dials | Account | Sentinel, changes: dict[str, Any]) -> None:
    known = {field.name: str(field.type) for field in fields(target)}
    for name, value in changes.items():
        if name not in known:
            raise BadSettingError(f"nothing is called {name!r} here")
        present = getattr(target, name)
        if isinstance(present, float) and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        may_be_none = "None" in known[name]
        if not isinstance(value, type(present)) and not (may_be_none and (present is None or value is None)):
            raise BadSettingError(f"{name} needs a {type(present).__name__}, not {value!r}")
        setattr(target, name, value)
