"""How a group of commands is made."""

from __future__ import annotations

import typer


def group(text: str) -> typer.Typer:
    """A group that shows its help when no command is given."""
    return typer.Typer(
        help=text,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
