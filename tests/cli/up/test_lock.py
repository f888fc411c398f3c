from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cli.up.lock import FolderLock
from core.errors import DataFolderLockedError


def test_a_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    FolderLock.take(tmp_path / "data").close()
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_a_second_lock_says_who_holds_the_folder_and_since_when(tmp_path: Path) -> None:
    held = FolderLock.take(tmp_path)
    expected = rf"{re.escape(str(tmp_path))} is in use by `chatgpt-api up` \(process {os.getpid()}, since 20\d\d-"
    with pytest.raises(DataFolderLockedError, match=expected):
        FolderLock.take(tmp_path)
    held.close()
    FolderLock.take(tmp_path).close()


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, sys\n"
        "from cli.up.lock import FolderLock\n"
        "FolderLock.take(pathlib.Path(sys.argv[1]))\n"
        "os._exit(9)\n"
    )
    assert subprocess.run([sys.executable, "-c", code, tmp_path], check=False).returncode == 9
    FolderLock.take(tmp_path).close()
