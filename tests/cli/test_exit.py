from __future__ import annotations

import subprocess
import sys


def leaving(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env={})


def test_what_was_written_is_flushed_and_nothing_runs_afterwards() -> None:
    ended = leaving(
        "import atexit, sys\n"
        "from cli.exit import leave\n"
        "atexit.register(print, 'too late')\n"
        "sys.stdout.write('out')\n"
        "sys.stderr.write('err')\n"
        "leave(7)\n"
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (7, "out", "err")


def test_an_output_that_nobody_reads_any_more_does_not_keep_it() -> None:
    ended = leaving(
        "import os, sys\n"
        "from cli.exit import leave\n"
        "reading, writing = os.pipe()\n"
        "os.close(reading)\n"
        "os.dup2(writing, 1)\n"
        "sys.stdout.write('x')\n"
        "leave(3)\n"
    )
    assert (ended.returncode, ended.stderr) == (3, "")
