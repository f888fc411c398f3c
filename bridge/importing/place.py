"""Where looking at an older folder takes place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from bridge.store.sqlite import named_file
from core.settings import Settings, StorageSettings, load


@contextmanager
def only_looking(settings: Settings) -> Iterator[Settings]:
    """The settings to look with: where nothing is kept yet, those of an empty folder, which goes away again.

    Raises:
        SettingError: the database's address is wrong.
    """
    if named_file(settings.storage.database).exists():
        yield settings
        return
    with TemporaryDirectory() as folder:
        data = Path(folder)
        url = f"sqlite:///{data / 'bridge.sqlite'}"
        storage = load(StorageSettings, data_dir=data, database_url=url, image_output_dir=data / "artifacts")
        yield replace(settings, storage=storage)
