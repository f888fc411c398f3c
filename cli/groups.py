"""How a group of commands is made."""

from __future__ import annotations

import typer

from cli.options import ApiKey, BaseUrl


def group(text: str, *, calls: bool = False) -> typer.Typer:
    """A group that shows its help when no command is given.

    Args:
        calls: its commands call a running bridge; which one may be said in front of the command as well as behind it.
    """
    app = typer.Typer(
        help=text,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    if calls:
        app.callback(help=text)(_shared)
    return app


def _shared(context: typer.Context, base_url: BaseUrl = None, api_key: ApiKey = None) -> None:
    given = {name: value for name, value in (("base_url", base_url), ("api_key", api_key)) if value is not None}
    assert isinstance(context.command, typer.core.TyperGroup)
    context.default_map = dict.fromkeys(context.command.commands, given)
