"""A folder as the bridge that came before this one left it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

from tests.fakes.provider import capture
from tests.fakes.upstream import png

_TABLES = """
CREATE TABLE artifacts (
  file_id TEXT PRIMARY KEY, kind TEXT NOT NULL, filename TEXT NOT NULL, path TEXT NOT NULL, download_url TEXT NOT NULL,
  content_type TEXT NOT NULL, bytes INTEGER NOT NULL, account TEXT, prompt TEXT, metadata_json TEXT, created_at TEXT
);
CREATE INDEX artifacts_created ON artifacts (created_at DESC);
CREATE TABLE account_captures (
  account TEXT PRIMARY KEY, capture_path TEXT, plan_type TEXT, email_masked TEXT, capabilities_json TEXT,
  checks_json TEXT, updated_at TEXT
);
CREATE TABLE settings (key TEXT PRIMARY KEY, value_json TEXT NOT NULL, updated_at TEXT);
"""
_CREATED = "2026-05-01T10:20:30Z"


@dataclass
class OlderFolder:
    """Writes the folder; `seen_from` is the path under which the older bridge saw it, a container's for instance."""

    root: Path
    seen_from: str = ""
    key: bytes = field(default_factory=Fernet.generate_key)

    def __post_init__(self) -> None:
        self.accounts.mkdir(parents=True)
        (self.root / "outputs").mkdir()
        with closing(sqlite3.connect(self.database)) as connection:
            connection.executescript(_TABLES)

    @property
    def accounts(self) -> Path:
        return self.root / "secrets" / "accounts"

    @property
    def database(self) -> Path:
        return self.root / "outputs" / "chatgpt-admin.sqlite"

    def add_account(self, alias: str, text: str | None = None, *, encrypted: bool = True) -> str:
        """A capture, encrypted with the key file unless it is of an older version still."""
        text = capture("plus") if text is None else text
        folder = self.accounts / alias
        folder.mkdir()
        stored = text
        if encrypted:
            (self.accounts / ".master.key").write_bytes(self.key)
            stored = "enc:v1:" + Fernet(self.key).encrypt(text.encode()).decode()
        (folder / "chatgpt-request.txt").write_text(stored)
        return text

    def add_picture(self, file_id: str, name: str, content: bytes | None = None, **columns: Any) -> bytes:
        """A picture with its row."""
        return self.add_file(
            file_id,
            f"outputs/chatgpt-images/{name}",
            png("red") if content is None else content,
            **{"kind": "image", "content_type": "image/png", **columns},
        )

    def add_report(self, file_id: str, name: str, text: str, **columns: Any) -> bytes:
        """A report with its row."""
        return self.add_file(
            file_id,
            f"outputs/chatgpt-research/{name}",
            text.encode(),
            **{"kind": "research", "content_type": "text/markdown", **columns},
        )

    def add_file(self, file_id: str, place: str, content: bytes, **columns: Any) -> bytes:
        """A file below the root, and its row."""
        file = self.root / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        base = self.seen_from or str(self.root)
        self.add_row(file_id, **{"filename": file.name, "path": f"{base}/{place}", "bytes": len(content), **columns})
        return content

    def add_row(self, file_id: str | bytes, **columns: Any) -> None:
        """A row of artifacts, whether its file is there or not."""
        row = {
            "kind": "image",
            "filename": "x.png",
            "path": "x.png",
            "download_url": f"http://127.0.0.1:8000/v1/chatgpt/files/{file_id!s}/x.png",
            "content_type": "image/png",
            "bytes": 1,
            "account": "plus",
            "prompt": "a heron",
            "metadata_json": json.dumps({"requested_model": "auto"}),
            "created_at": _CREATED,
            **columns,
        }
        self.execute(
            f"INSERT INTO artifacts (file_id, {', '.join(row)}) VALUES (?{', ?' * len(row)})", file_id, *row.values()
        )

    def save_limits(self, stored: Any) -> None:
        """The older settings page's saved limits; a text is stored as it is."""
        value = stored if isinstance(stored, str) else json.dumps(stored)
        self.execute("INSERT INTO settings VALUES ('bridge_settings', ?, ?)", value, _CREATED)

    def execute(self, statement: str, *values: Any) -> None:
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute(statement, values)

    def contents(self) -> dict[str, tuple[bytes, int]]:
        """Every file, its bytes and when it was changed: to see that nobody touched the folder."""
        return {
            path.relative_to(self.root).as_posix(): (
                path.read_bytes() if path.is_file() else b"",
                path.stat().st_mtime_ns,
            )
            for path in self.root.rglob("*")
        }
