"""The root of the command line: groups and commands, and how every run of it ends.

Command modules import what they need inside the command, so that `--version` and `--help` answer at once.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

from cli import completion, output
from cli.account.app import app as account
from cli.admin.app import app as admin
from cli.api.app import app as api
from cli.audit.app import app as audit
from cli.care import care
from cli.doctor.command import doctor
from cli.ending import status_of
from cli.exit import ERROR, OK, leave
from cli.importing.command import import_folder
from cli.keys.app import app as keys
from cli.local.captures import account_capabilities, account_info, accounts, inspect_capture, providers
from cli.local.probe import probe_capture
from cli.local.upstream import account_check, account_limits, account_models
from cli.menu.command import menu
from cli.migrate import migrate
from cli.operations.app import app as operations
from cli.retention import retention
from cli.route.app import app as route
from cli.secrets.app import app as secrets
from cli.server.app import app as server
from cli.simulator import simulator
from cli.temporal import temporal
from cli.up import lifeline
from cli.up.command import up
from cli.usage.command import usage
from cli.worker import worker

PROGRAM = "chatgpt-api"

app = typer.Typer(
    name=PROGRAM,
    help="ChatGPT Bridge: your ChatGPT Web accounts as a local OpenAI-shaped API with durable operations.",
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        output.result(f"chatgpt-api {version('chatgpt-api')}")
        raise typer.Exit(OK)


@app.callback()
def root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """What all commands share; without a command, the menu on a terminal."""
    if context.invoked_subcommand is not None:
        return
    if not sys.stdin.isatty():
        output.note(context.get_help())
        raise typer.Exit(ERROR)
    menu(context)


app.command()(up)
app.add_typer(server, name="server")
app.command()(worker)
app.command()(simulator)
app.command()(temporal)
app.command()(migrate)
app.command()(retention)
app.command()(care)
app.command("import")(import_folder)
app.command()(doctor)
app.command()(completion.completion)
app.add_typer(secrets, name="secrets")
app.add_typer(admin, name="admin")
app.add_typer(account, name="account")
app.add_typer(api, name="api")
app.add_typer(operations, name="operations")
app.add_typer(keys, name="keys")
app.add_typer(audit, name="audit")
app.add_typer(route, name="route")
app.command()(usage)
app.command()(menu)
app.command()(accounts)
app.command("account-info")(account_info)
app.command("account-capabilities")(account_capabilities)
app.command("account-check")(account_check)
app.command("account-models")(account_models)
app.command("account-limits")(account_limits)
app.command("inspect-capture")(inspect_capture)
app.command("probe-capture")(probe_capture)
app.command()(providers)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and leave the process with its status."""
    lifeline.watch()
    leave(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run one command; its status, as of `ending.status_of`."""
    completion.prepare()
    return status_of(lambda: app(args=list(arguments), prog_name=PROGRAM))
