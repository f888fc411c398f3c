"""Real supervisors over real children."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

DRIVER = Path(__file__).with_name("driver.py")

OURS = """
import os, pathlib, signal, sys, time
sys.path.insert(0, {root!r})
from cli.up import lifeline
lifeline.watch()
folder = pathlib.Path({folder!r})
with (folder / "pids").open("a") as file:
    file.write("{name} %d\\n" % os.getpid())
print("{name} says Bearer abcdefghijklmnop", flush=True)
def stop(*_):
    with (folder / "stopped").open("a") as file:
        file.write("{name}\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
(folder / "{name}.ready").touch()
{body}
while True:
    time.sleep(0.05)
"""


class Run:
    """One driver and the folder its children write to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[str] | None = None

    def child(self, name: str, body: str = "", **more: Any) -> dict[str, Any]:
        """A child that notes its pid, its readiness and its stopping."""
        root = str(Path(__file__).resolve().parents[3])
        code = OURS.format(root=root, folder=str(self.folder), name=name, body=body)
        command = [sys.executable, "-P", "-c", code]
        return {"name": name, "command": command, "ready": str(self.folder / f"{name}.ready"), **more}

    def start(self, *stages: list[dict[str, Any]], **more: Any) -> subprocess.Popen[str]:
        given = {"stages": stages, "logs": str(self.folder / "logs"), **more}
        self.process = subprocess.Popen(
            [sys.executable, DRIVER, json.dumps(given)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        return self.process

    def pids(self, name: str) -> list[int]:
        """The process ids a child has had, oldest first."""
        path = self.folder / "pids"
        lines = path.read_text().splitlines() if path.exists() else []
        return [int(line.split()[1]) for line in lines if line.startswith(f"{name} ")]

    def stopped(self) -> list[str]:
        """The children that were asked to stop, in order."""
        return (self.folder / "stopped").read_text().splitlines()

    def end(self) -> tuple[str, str]:
        """Wait for the driver; returns what it wrote."""
        assert self.process is not None
        return self.process.communicate(timeout=30)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    started = Run(tmp_path)
    yield started
    if started.process is not None and started.process.poll() is None:
        started.process.kill()
    if started.process is not None:
        started.process.communicate()
    for line in (tmp_path / "pids").read_text().splitlines() if (tmp_path / "pids").exists() else []:
        with suppress(ProcessLookupError):
            os.kill(int(line.split()[1]), signal.SIGKILL)


def until(true: Callable[[], object], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """Whether the process runs; one that is dead and not yet collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_children_start_in_stages_and_stop_in_reverse_order_on_sigterm(run: Run) -> None:
    slow = run.child("below", "pass")
    process = run.start([slow], [run.child("worker"), run.child("api")])
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    run.end()
    assert process.returncode == 0
    assert run.stopped() == ["api", "worker", "below"]
    first = (run.folder / "pids").read_text().split()[0]
    assert first == "below"


def test_ctrl_c_stops_all_with_status_0(run: Run) -> None:
    process = run.start([run.child("one")], [run.child("two")])
    until(lambda: run.pids("two"))
    process.send_signal(signal.SIGINT)
    run.end()
    assert process.returncode == 0
    assert not any(alive(pid) for pid in run.pids("one") + run.pids("two"))


def test_an_answer_stops_all_and_is_the_status(run: Run) -> None:
    process = run.start([run.child("one")], answer=1)
    run.end()
    assert process.returncode == 1
    assert run.stopped() == ["one"]


def test_a_child_that_dies_is_started_again_and_its_last_lines_are_shown(run: Run) -> None:
    process = run.start([run.child("one"), run.child("two")])
    assert process.stdout is not None
    process.stdout.readline()
    other = run.pids("two")
    os.kill(run.pids("one")[0], signal.SIGKILL)
    until(lambda: len(run.pids("one")) == 2)
    until(lambda: alive(run.pids("one")[1]))
    process.send_signal(signal.SIGTERM)
    _, said = run.end()
    assert process.returncode == 0
    assert "one was killed by SIGKILL; the last lines of" in said
    assert "  | one says Bearer <redacted>\none is started again in 0.05 s." in said
    assert run.pids("two") == other


def test_no_child_outlives_a_supervisor_that_is_killed(run: Run) -> None:
    sleeper = {"name": "foreign", "command": ["/bin/sh", "-c", f"echo foreign $$ >> {run.folder}/pids; exec sleep 60"]}
    process = run.start([{**sleeper, "ours": False}], [run.child("ours")])
    assert process.stdout is not None
    process.stdout.readline()
    children = run.pids("foreign") + run.pids("ours")
    assert len(children) == 2
    assert all(alive(pid) for pid in children)
    process.kill()
    until(lambda: not any(alive(pid) for pid in children))
    assert run.stopped() == ["ours"]


def test_a_child_that_ignores_the_lifelines_end_is_gone_three_seconds_later(run: Run) -> None:
    process = run.start([run.child("deaf", "signal.signal(signal.SIGTERM, signal.SIG_IGN)")])
    assert process.stdout is not None
    process.stdout.readline()
    process.kill()
    until(lambda: not alive(run.pids("deaf")[0]))


def test_five_quick_deaths_stop_everything_and_show_the_last_lines(run: Run) -> None:
    process = run.start([run.child("well")], [run.child("ill", "print('no room'); sys.exit(3)")], patience=30)
    _, said = run.end()
    assert process.returncode == 1
    assert len(run.pids("ill")) == 5
    assert "ill died 5 times in a row soon after its start." in said
    assert said.count("ill ended with status 3") == 5
    assert "  | no room" in said
    assert run.stopped() == ["well"]


def test_deaths_after_a_good_life_are_not_counted_together(run: Run) -> None:
    process = run.start([run.child("old", "time.sleep(0.3); sys.exit(3)")], quick=0.1)
    until(lambda: len(run.pids("old")) >= 7)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    run.end()


def test_a_child_that_never_gets_ready_ends_the_start(run: Run) -> None:
    process = run.start([run.child("lazy", ready=str(run.folder / "never"))], patience=0.5)
    _, said = run.end()
    assert process.returncode == 1
    assert "lazy is not ready after 0.5 s" in said
    assert not alive(run.pids("lazy")[0])


def test_a_child_that_does_not_stop_is_killed(run: Run) -> None:
    process = run.start([run.child("deaf", "signal.signal(signal.SIGTERM, signal.SIG_IGN)", stop_seconds=0.3)])
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    run.end()
    assert process.returncode == 0
    assert not alive(run.pids("deaf")[0])


def test_a_second_signal_kills_what_is_left(run: Run) -> None:
    process = run.start([run.child("deaf", "signal.signal(signal.SIGTERM, signal.SIG_IGN)", stop_seconds=60)])
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, said = run.end()
    assert process.returncode == 0
    assert "Asked twice: killing what is left." in said


def test_a_stopped_child_is_woken_to_stop(run: Run) -> None:
    process = run.start([run.child("one")])
    assert process.stdout is not None
    process.stdout.readline()
    os.kill(run.pids("one")[0], signal.SIGSTOP)
    process.send_signal(signal.SIGTERM)
    run.end()
    assert run.stopped() == ["one"]


def test_logs_are_redacted_and_the_owners_alone(run: Run) -> None:
    process = run.start([run.child("one")], answer=0)
    run.end()
    assert process.returncode == 0
    log = run.folder / "logs" / "one.log"
    assert log.read_text() == "one says Bearer <redacted>\n"
    assert log.stat().st_mode & 0o777 == 0o600
    assert log.parent.stat().st_mode & 0o777 == 0o700


def test_a_stop_while_a_stage_is_starting_stops_what_runs(run: Run) -> None:
    process = run.start([run.child("one", ready=str(run.folder / "never"))], [run.child("two")])
    until(lambda: run.pids("one"))
    time.sleep(0.2)
    process.send_signal(signal.SIGHUP)
    run.end()
    assert process.returncode == 0
    assert run.stopped() == ["one"]
    assert run.pids("two") == []
