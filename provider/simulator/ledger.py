"""What the simulator was asked, counted: how a test learns what really reached upstream."""

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

RING = 20_000
"""How many of the latest requests, submissions and stops are kept one by one; the counters keep all."""

Outcome = Literal["running", "completed", "stopped", "aborted", "cut", "failed"]


@dataclass(slots=True)
class Call:
    """One request.

    Attributes:
        number: 1 for the first since the start or the last reset.
        at: when it arrived, `time.monotonic()` of this machine, comparable between processes.
        route: the path with its ids replaced, `/backend-api/conversation/{id}`.
        account: the alias, `None` before the bearer token was read.
        status: what was answered, `None` while it runs and when the connection was dropped.
        seconds: how long it took, `None` while it runs.
        aborted: the client went away before the answer was complete.
        dropped: the simulator cut the connection on purpose.
        fault: the number of the admin rule that was applied.
    """

    number: int
    at: float
    method: str
    path: str
    route: str
    account: str | None = None
    status: int | None = None
    seconds: float | None = None
    aborted: bool = False
    dropped: bool = False
    fault: int | None = None


@dataclass(slots=True)
class Submission:
    """One accepted `f/conversation` POST: a turn that exists upstream and has used quota.

    Attributes:
        at: when it was accepted, monotonic.
        message_id: the client-made id of its last user message.
        prompt: the beginning of its words, without the simulator's brackets.
        images: pictures that the turn makes.
        prepare_state: the body's `client_prepare_state`.
        conduit: whether it carried a conduit token.
        script: the number of the script that answered it, `None` for the simulator's own answers.
        step: which of the script's steps did, 1 for the first.
        outcome: `aborted` means the client left and the turn went on without it.
    """

    number: int
    at: float
    account: str
    message_id: str
    conversation_id: str
    kind: Literal["chat", "image", "research"]
    model: str
    effort: str | None
    hints: tuple[str, ...]
    temporary: bool
    prepare_state: str | None
    conduit: bool
    messages: int
    prompt: str = ""
    images: int = 0
    script: int | None = None
    step: int | None = None
    outcome: Outcome = "running"
    ended_at: float | None = None


@dataclass(slots=True)
class Stop:
    """One `stop_conversation` call; `found` says whether anything was running."""

    at: float
    account: str
    conversation_id: str
    exclude_async_types: tuple[str, ...]
    found: bool


@dataclass(slots=True)
class ConnectorCall:
    """One call of the research connector's tools; `found` says whether its session is known."""

    at: float
    account: str
    tool: str
    found: bool


@dataclass(slots=True)
class InFlight:
    """Turns running upstream, pictures in the making included."""

    current: int = 0
    peak: int = 0


@dataclass(slots=True)
class Ledger:
    """Counters since the start or the last reset, and the latest entries in order of arrival."""

    requests: deque[Call] = field(default_factory=lambda: deque(maxlen=RING))
    submissions: deque[Submission] = field(default_factory=lambda: deque(maxlen=RING))
    stops: deque[Stop] = field(default_factory=lambda: deque(maxlen=RING))
    connector_calls: deque[ConnectorCall] = field(default_factory=lambda: deque(maxlen=RING))
    by_route: Counter[str] = field(default_factory=Counter)
    by_account: Counter[str] = field(default_factory=Counter)
    by_status: Counter[int] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    in_flight: dict[str, InFlight] = field(default_factory=dict)
    leaks: deque[str] = field(default_factory=lambda: deque(maxlen=RING))

    def begin(self, method: str, route: str, path: str) -> Call:
        """Enter a request on its arrival."""
        self.counts["requests"] += 1
        self.by_route[f"{method} {route}"] += 1
        call = Call(self.counts["requests"], time.monotonic(), method, path, route)
        self.requests.append(call)
        return call

    def end(self, call: Call) -> None:
        """Close a request's entry."""
        call.seconds = time.monotonic() - call.at
        if call.account is not None:
            self.by_account[call.account] += 1
        if call.status is not None:
            self.by_status[call.status] += 1
        if call.aborted:
            self.counts["aborted"] += 1

    def accept(self, submission: Submission) -> None:
        """Enter an accepted turn."""
        self.submissions.append(submission)
        self.counts["submissions"] += 1
        self.counts["image_submissions"] += submission.kind == "image"
        self.counts["scripted"] += submission.script is not None
        for name in (submission.account, "*"):
            running = self.in_flight.setdefault(name, InFlight())
            running.current += 1
            running.peak = max(running.peak, running.current)

    def close(self, submission: Submission, outcome: Outcome) -> None:
        """A turn has ended upstream. An outcome that was noted before, such as `aborted`, stays."""
        if submission.ended_at is not None:
            return
        submission.ended_at = time.monotonic()
        if submission.outcome == "running" or outcome == "stopped":
            submission.outcome = outcome
        for name in (submission.account, "*"):
            running = self.in_flight.get(name)
            if running is not None and running.current > 0:
                running.current -= 1

    def stop(self, stop: Stop) -> None:
        """Enter a stop."""
        self.stops.append(stop)
        self.counts["stops"] += 1

    def called(self, tool: str, at: float, account: str, *, found: bool) -> None:
        """Enter a call of the research connector."""
        self.connector_calls.append(ConnectorCall(at, account, tool, found))
        self.counts["connector_calls"] += 1

    def leak(self, what: str) -> None:
        """A client sent credentials to a place that must not see them."""
        self.leaks.append(what)
        self.counts["leaks"] += 1

    def sent(self, message_id: str) -> int:
        """How often a message of this id was accepted; more than 1 is paid twice."""
        return sum(1 for submission in self.submissions if submission.message_id == message_id)

    def reset(self) -> None:
        """Forget everything but the turns that still run."""
        for entries in (self.requests, self.submissions, self.stops, self.connector_calls, self.leaks):
            entries.clear()
        for counter in (self.by_route, self.by_account, self.by_status, self.counts):
            counter.clear()
        for running in self.in_flight.values():
            running.peak = running.current

    def snapshot(self, *, last: int | None = None) -> dict[str, Any]:
        """Everything as JSON-ready values; `last` limits requests to the latest so many."""
        requests = list(self.requests)
        duplicates = Counter(submission.message_id for submission in self.submissions)
        return {
            "now": time.monotonic(),
            "counts": {**dict.fromkeys(_ALWAYS, 0), **self.counts},
            "by_route": dict(self.by_route),
            "by_account": dict(self.by_account),
            "by_status": {str(status): number for status, number in self.by_status.items()},
            "in_flight": {name: asdict(running) for name, running in self.in_flight.items()},
            "submissions": [asdict(submission) for submission in self.submissions],
            "duplicate_message_ids": sorted(name for name, number in duplicates.items() if number > 1),
            "stops": [asdict(stop) for stop in self.stops],
            "connector_calls": [asdict(call) for call in self.connector_calls],
            "leaks": list(self.leaks),
            "requests": [asdict(call) for call in (requests if last is None else requests[len(requests) - last :])],
        }


_ALWAYS = ("requests", "submissions", "image_submissions", "scripted", "stops", "aborted", "leaks")
