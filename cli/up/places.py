"""Where everything is, for the person and for scripts."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from cli import output


@dataclass(frozen=True)
class Places:
    """The addresses and folders of one running stack; `None` where there is none of that kind."""

    api: str
    temporal: str
    temporal_ui: str | None
    namespace: str
    simulator: str | None
    data: Path
    accounts: Path
    database: str
    artifacts: Path
    logs: Path
    api_key_file: Path | None

    def workflow_url(self, workflow_id: str) -> str | None:
        """The page of a workflow in Temporal's UI."""
        if self.temporal_ui is None:
            return None
        return f"{self.temporal_ui}/namespaces/{self.namespace}/workflows/{workflow_id}"


def show(places: Places, *, as_json: bool, new_key: str | None) -> None:
    """Print the screen: a table on a terminal, `name=value` lines elsewhere, JSON when asked.

    Args:
        new_key: the API key, when this start made it; shown on a terminal only, and only this once.
    """
    values = {name: str(value) for name, value in asdict(places).items() if value is not None}
    if as_json:
        output.data(values)
    elif sys.stdout.isatty():
        _table(places, new_key)
    else:
        output.fields(**values)


def _table(places: Places, new_key: str | None) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="ChatGPT Bridge is up", title_justify="left", show_header=False, box=None, padding=(0, 2, 0, 0))
    rows = [
        ("API", places.api),
        ("API key", new_key or (f"in {places.api_key_file}" if places.api_key_file else "CHATGPT_API_KEY")),
        ("", f"kept in {places.api_key_file}; shown this once" if new_key else None),
        ("Temporal UI", places.temporal_ui),
        ("Temporal", f"{places.temporal}, namespace {places.namespace}"),
        ("Simulator", places.simulator),
        ("Accounts", str(places.accounts)),
        ("Database", places.database),
        ("Pictures", str(places.artifacts)),
        ("Logs", str(places.logs)),
    ]
    for name, value in rows:
        if value is not None:
            table.add_row(name, value, style=None)
    Console(soft_wrap=True, highlight=False).print(table)
    output.note("Ctrl-C stops everything.")
