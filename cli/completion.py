"""`chatgpt-api completion`, and what the shells' scripts ask for."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import Annotated

import typer

from cli import output

_PROGRAM = "chatgpt-api"
_VARIABLE = "_CHATGPT_API_COMPLETE"


class Shell(StrEnum):
    """The shells that words are completed in."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"
    POWERSHELL = "powershell"


def completion(
    shell: Annotated[Shell, typer.Argument(help="Whose script to print.", show_default=False)],
) -> None:
    """Print a shell's completion script.

    The shell's start file loads it. For bash: `source <(chatgpt-api completion bash)` in ~/.bashrc.
    """
    from typer.completion import get_completion_script  # type: ignore[attr-defined]

    output.result(get_completion_script(prog_name=_PROGRAM, complete_var=_VARIABLE, shell=shell.value))


def prepare() -> None:
    """Make ready for a shell that asks what may come next; any other start costs one look at the environment."""
    if _VARIABLE in os.environ:
        # Typer does this by itself only together with two options that would stand in every `--help` of ours.
        from typer.completion import completion_init  # type: ignore[attr-defined]

        completion_init()
