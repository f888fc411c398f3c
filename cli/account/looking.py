"""`chatgpt-api account list`, `show`, `check` and `events`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from cli import output, values
from cli.account import words
from cli.account.options import Alias
from cli.exit import FAILED
from cli.options import ApiKey, BaseUrl, Json, connect
from cli.times import moment, span

if TYPE_CHECKING:
    from integrations.client.accounts import Account

_HEADING = ("ACCOUNT", "STATE", "HEALTH", "PLAN", "SLOTS")


def list_accounts(base_url: BaseUrl = None, api_key: ApiKey = None, as_json: Json = False) -> None:
    """Every account, one a line, and what to do where one does not work, or what it may not do now."""
    with connect(base_url, api_key) as client:
        accounts = client.account.all()
    if as_json:
        output.data(accounts.as_sent())
        return
    if not accounts.data:
        output.note("No account yet; add one with `chatgpt-api account add`.")
        return
    rows = [_row(account) for account in accounts.data]
    beneath = {number: _beneath(account) for number, account in enumerate(accounts.data)}
    output.table(_HEADING, rows, {number: text for number, text in beneath.items() if text})


def _row(account: Account) -> tuple[str, ...]:
    state = account.state if account.in_pool else f"{account.state}, not in the pool"
    return account.alias, state, words.health(account), account.plan or "-", words.slots(account)


def _beneath(account: Account) -> str:
    limited = ", ".join(words.limits(account))
    return " ".join(filter(None, (words.advice(account), f"Limited: {limited}." if limited else "")))


def show(alias: Alias, *, base_url: BaseUrl = None, api_key: ApiKey = None, as_json: Json = False) -> None:
    """One account: what it does, how it stands, and what to do."""
    with connect(base_url, api_key) as client:
        account = client.account.show(alias)
    if as_json:
        output.data(account.as_sent())
    else:
        print_account(account)


def print_account(account: Account) -> None:
    """An account as lines."""
    capture, health = account.capture, account.health
    output.fields(
        account=account.alias,
        in_pool=account.in_pool,
        state=account.state,
        reason=account.state_reason or None,
        weight=account.weight if account.weight is not None else "by plan",
        tags=list(account.tags),
        note=account.note or None,
        plan=account.plan,
        models=list(account.capabilities.supported_models) or None,
        efforts=words.efforts(account),
        email=account.email,
        captured=moment(capture.captured_at),
        capture_age=span(capture.age_seconds),
        capture_ends=words.end(account),
        previous_capture=capture.previous,
        health=words.health(account),
        detail=health.detail or None,
        since=moment(health.since),
        limited=words.limits(account) or None,
        what_to_do=health.what_to_do,
        forecast=words.forecast(account),
        slots=words.slots(account),
        last_used=moment(account.last_used_at) or "never",
        last_success=moment(account.last_success_at) or "never",
        warnings=list(account.warnings) or None,
    )


def check(
    alias: Alias,
    *,
    again: Annotated[
        bool, typer.Option("--again", help="Ask also where ChatGPT had closed the account; it works if it answers.")
    ] = False,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    as_json: Json = False,
) -> None:
    """Ask ChatGPT whether an account works; costs no chat. 1 when it does not, or nobody knows."""
    with connect(base_url, api_key) as client:
        checked = client.account.check(alias, again=again)
    if as_json:
        output.data(checked.as_sent())
    else:
        output.fields(account=checked.account, ok="unknown" if checked.ok is None else checked.ok)
        output.fields(status=checked.status, asked=checked.asked, plan=checked.plan_type)
        output.fields(default_model=checked.default_model_slug, **words.remaining(checked))
        output.fields(limited=words.limited({}, checked.blocked_features, checked.model_limits) or None)
        output.fields(error=checked.error, warning=checked.warning)
        output.fields(what_to_do=checked.what_to_do)
    if checked.ok is not True:
        raise typer.Exit(FAILED)


def events(
    alias: Annotated[
        str | None, typer.Argument(metavar="ALIAS", help="Only of this account.", autocompletion=values.aliases)
    ] = None,
    *,
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most so many.")] = 50,
    cursor: Annotated[str | None, typer.Option(help="Go on behind a page; it ends with what to name here.")] = None,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    as_json: Json = False,
) -> None:
    """What happened to an account, or to all, newest first."""
    with connect(base_url, api_key) as client:
        page = client.account.events(alias, cursor=cursor, limit=limit)
    if as_json:
        output.data(page.as_sent())
        return
    for event in page.data:
        data = json.dumps(event.data, ensure_ascii=False, sort_keys=True)
        output.result(f"{moment(event.at)}  {event.account:<16}  {event.type:<20}  {data}")
    if page.has_more:
        output.note(f"There is more: --cursor {page.next_cursor}")
