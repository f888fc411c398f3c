"""Links of the older bridge lead to what was imported."""

from __future__ import annotations

from pathlib import Path

import httpx2

from bridge.importing.importer import Importer
from bridge.importing.original import find_original
from tests.fakes.original import OlderFolder
from tests.fakes.server import Served

FILE = "c" * 32


async def test_an_imported_file_answers_under_its_old_address(
    served: Served, client: httpx2.AsyncClient, tmp_path: Path
) -> None:
    older, bridge = OlderFolder(tmp_path / "older", seen_from="/data"), served.bridge
    content = older.add_picture(FILE, "1-heron & co.png")
    importer = Importer(
        bridge.store,
        bridge.vault,
        bridge.captures,
        bridge.registry,
        artifacts=served.services.settings.storage.artifacts_dir,
    )
    await importer.run(find_original(older.root), apply=True)

    answer = await client.get(f"/v1/chatgpt/files/{FILE}/1-heron%20%26%20co.png")

    assert (answer.status_code, answer.headers["content-type"], answer.content) == (200, "image/png", content)
