"""Where the older bridge kept its things, and its database, of which a copy is read."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from bridge.vault.aliases import is_alias
from bridge.vault.captures import CAPTURE_FILE
from core.errors import ImportSourceError

_ACCOUNTS = ("secrets/accounts", "accounts", ".")
_DATABASES = ("outputs/chatgpt-admin.sqlite", "chatgpt-admin.sqlite")
_BESIDE = ("-wal", "-journal")

Row: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Original:
    """A folder of the older bridge. Nothing in it is ever written.

    Attributes:
        root: what paths in its database are looked for below.
        accounts: the folder of the captures, `None` when there is none.
        database: the file of artifacts and settings, `None` when there is none.
        folders: further folders in which its files may lie.
    """

    root: Path
    accounts: Path | None
    database: Path | None
    folders: tuple[Path, ...] = ()


def find_original(
    root: Path, *, accounts: Path | None = None, database: Path | None = None, folders: tuple[Path, ...] = ()
) -> Original:
    """The parts of an older bridge below `root`; what is named besides is taken instead of being looked for.

    Raises:
        ImportSourceError: there is neither a folder of captures nor a database, or what was named is not there.
    """
    if not root.is_dir():
        raise ImportSourceError(f"{root} is no folder")
    for named in (accounts, database, *folders):
        if named is not None and not named.exists():
            raise ImportSourceError(f"{named} is not there")
    found = Original(
        root.resolve(),
        accounts or next((root / place for place in _ACCOUNTS if _holds_captures(root / place)), None),
        database or next((root / place for place in _DATABASES if (root / place).is_file()), None),
        tuple(folder.resolve() for folder in folders),
    )
    if found.accounts is None and found.database is None:
        raise ImportSourceError(f"{root} holds neither captures nor a database of the older bridge")
    return found


@contextmanager
def rows_of(database: Path) -> Iterator[OlderDatabase]:
    """The rows of a database, read from a private copy: opening a database can write beside it.

    Raises:
        ImportSourceError: it cannot be copied, or is no database.
    """
    with tempfile.TemporaryDirectory(prefix="chatgpt-import-") as folder:
        copy = Path(folder) / "copy.sqlite"
        try:
            shutil.copyfile(database, copy)
            for ending in _BESIDE:
                if (beside := database.with_name(database.name + ending)).is_file():
                    shutil.copyfile(beside, copy.with_name(copy.name + ending))
        except OSError as error:
            raise ImportSourceError(f"{database} cannot be read: {error.strerror}") from error
        with closing(sqlite3.connect(copy)) as connection:
            connection.row_factory = sqlite3.Row
            connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
            yield OlderDatabase(connection)


class OlderDatabase:
    """Reads whole tables; a table or a column that an older version did not have is simply not there."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def table(self, name: str) -> Iterator[Row]:
        """The rows of a table, in the order in which they lie there.

        Raises:
            ImportSourceError: the file is no database, or it is damaged from here on.
        """
        try:
            known = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?"
            if not self._connection.execute(known, [name]).fetchone()[0]:
                return
            # The name is one of ours, never one from outside.
            for row in self._connection.execute(f'SELECT * FROM "{name}"'):
                yield dict(row)
        except sqlite3.Error as error:
            raise ImportSourceError(f"the older database cannot be read ({error})") from error


def _holds_captures(folder: Path) -> bool:
    if not folder.is_dir():
        return False
    return any(is_alias(path.parent.name) for path in folder.glob(f"*/{CAPTURE_FILE}"))
