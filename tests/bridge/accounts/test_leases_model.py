"""Whatever happens in whatever order: slots are what a small model of them says, and nobody gets one too many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import Connection

from bridge.accounts import leases, saved, tickets
from bridge.accounts.account import Account
from bridge.accounts.buckets import BucketLimits, SavedLimits
from bridge.routing.chats import Grant, Want, serving
from bridge.routing.grants import grant_next
from bridge.routing.needs import Needs
from bridge.store.sqlite import database_file, writing_engine
from core.clock import utc_now
from core.contracts.buckets import Bucket
from core.contracts.routing import Strategy

T = TypeVar("T")

_ALIASES, _PROCESSES = ("a", "b"), ("p", "q")
_EXPIRY = timedelta(seconds=20)
_TABLE = BucketLimits({}).of_plan("free")
_CHATS = ((Bucket.CHAT,), (Bucket.CHAT, Bucket.UPLOAD))
_WORK = ((Bucket.IMAGE,), (Bucket.IMAGE, Bucket.UPLOAD), (Bucket.RESEARCH,))
_TABLES = ("leases", "tickets", "processes", "slot_limits", "operations", "accounts", "revisions")


@dataclass(frozen=True)
class _Lease:
    account: str
    buckets: tuple[Bucket, ...]
    process: str | None = None
    since: datetime | None = None


class _Slots:
    """What ought to be: the first account of the pool that has room serves, and the line is served in order."""

    def __init__(self) -> None:
        self.limits = {(alias, bucket): size.slots for alias in _ALIASES for bucket, size in _TABLE.items()}
        self.held: dict[str, _Lease] = {}
        self.line: dict[str, tuple[Bucket, ...]] = {}

    def used(self) -> Counter[tuple[str, Bucket]]:
        return Counter((lease.account, bucket) for lease in self.held.values() for bucket in lease.buckets)

    def take(
        self, lease_id: str, buckets: tuple[Bucket, ...], process: str | None = None, since: datetime | None = None
    ) -> str | None:
        used = self.used()
        for alias in _ALIASES:
            if all(used[alias, bucket] < self.limits[alias, bucket] for bucket in buckets):
                self.held[lease_id] = _Lease(alias, buckets, process, since)
                return alias
        return None

    def serve_line(self) -> tuple[str, ...]:
        served = tuple(name for name, buckets in self.line.items() if self.take(name, buckets))
        self.line = {name: buckets for name, buckets in self.line.items() if name not in served}
        return served

    def forget(self, process: str) -> None:
        self.held = {name: lease for name, lease in self.held.items() if lease.process != process}

    def forget_strays(self, processes: Collection[str], before: datetime) -> None:
        """Chats that began a while ago in a process that has not shown itself since it was cleared up after."""
        self.held = {
            name: lease
            for name, lease in self.held.items()
            if lease.since is None or lease.since >= before or lease.process in processes
        }


class SlotMachine(RuleBasedStateMachine):
    """Processes that chat, renew, fall silent and die; operations that come and go; limits that change."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._conn = writing_engine(file).connect()
        self._accounts = tuple(Account(alias, plan="free", sizes=BucketLimits({})) for alias in _ALIASES)
        self._model, self._now, self._number = _Slots(), utc_now(), 0
        self._renewed = dict.fromkeys(_PROCESSES, self._now)
        self._chats: list[str] = []
        self._operations: list[str] = []
        self._in(lambda conn: [conn.exec_driver_sql(f"DELETE FROM {table}") for table in _TABLES])
        for process in _PROCESSES:
            self.renews(process)

    def teardown(self) -> None:
        self._conn.close()

    @rule(process=st.sampled_from(_PROCESSES), buckets=st.sampled_from(_CHATS))
    def chat_begins(self, process: str, buckets: tuple[Bucket, ...]) -> None:
        name = self._named("chat")
        want = Want(name, Needs(kind="chat", buckets=buckets, strategy=Strategy.FAILOVER))
        (found,) = self._in(serving([want], self._accounts, revision=-1, process_id=process, now=self._now))
        served = found.account.alias if isinstance(found, Grant) else None
        assert served == self._model.take(name, buckets, process, self._now)
        self._chats.append(name)

    @precondition(lambda self: self._chats)
    @rule(data=st.data())
    def chat_ends(self, data: st.DataObject) -> None:
        """Also one that never had a slot, has ended already, or lost its slot with its process."""
        name = data.draw(st.sampled_from(self._chats))
        self._model.held.pop(name, None)
        self._then_the_line(lambda conn: leases.release(conn, name))

    @rule(buckets=st.sampled_from(_WORK))
    def operation_arrives(self, buckets: tuple[Bucket, ...]) -> None:
        name = self._named("operation")
        needs = Needs(kind="image", buckets=buckets, strategy=Strategy.FAILOVER).model_dump_json()
        self._model.line[name] = buckets
        self._then_the_line(
            lambda conn: tickets.take_place(conn, operation_id=name, sequence=self._number, needs=needs, now=self._now)
        )
        self._operations.append(name)

    @precondition(lambda self: self._operations)
    @rule(data=st.data(), uploads=st.booleans())
    def operation_ends(self, data: st.DataObject, uploads: bool) -> None:
        """Or has done its uploads; both may happen twice, and in line."""
        name = data.draw(st.sampled_from(self._operations))
        lease = self._model.held.pop(name, None)
        if uploads:
            if lease is not None:
                left = tuple(bucket for bucket in lease.buckets if bucket is not Bucket.UPLOAD)
                self._model.held[name] = _Lease(lease.account, left)
            self._then_the_line(lambda conn: leases.release_upload(conn, name))
            return
        self._model.line.pop(name, None)
        self._then_the_line(lambda conn: leases.release_operation(conn, name))

    @rule(process=st.sampled_from(_PROCESSES))
    def renews(self, process: str) -> None:
        """Also one that was taken for dead: it comes back without its slots."""
        self._renewed[process] = self._now
        self._in(
            lambda conn: leases.renew_process(conn, process_id=process, kind="api", host="h", pid=1, now=self._now)
        )

    @rule(seconds=st.sampled_from((4, 21)))
    def time_passes(self, seconds: int) -> None:
        """Whoever does not renew meanwhile was killed, for all that the others know."""
        self._now += timedelta(seconds=seconds)

    @rule()
    def the_dead_are_cleared_up_after(self) -> None:
        before = self._now - _EXPIRY
        dead = [process for process, at in self._renewed.items() if at < before]
        for process in dead:
            del self._renewed[process]
            self._model.forget(process)
        self._model.forget_strays(self._renewed, before)
        self._then_the_line(lambda conn: leases.expire(conn, before))

    @rule(process=st.sampled_from(_PROCESSES))
    def process_stops(self, process: str) -> None:
        self._renewed.pop(process, None)
        self._model.forget(process)
        self._then_the_line(lambda conn: leases.end_process(conn, process))

    @rule(bucket=st.sampled_from(Bucket), slots=st.integers(0, 4))
    def limits_change(self, bucket: Bucket, slots: int) -> None:
        """What is taken stays taken, even where it is more than may be from now on."""
        wanted = SavedLimits(accounts={bucket: {"a": slots}})
        for each, size in BucketLimits({}).saving(wanted).sizes("a", "free").items():
            self._model.limits["a", each] = size.slots
        self._then_the_line(lambda conn: saved.save(conn, wanted, self._now))

    @invariant()
    def everybody_holds_what_the_model_says(self) -> None:
        held = {
            (name, lease.account, bucket.value) for name, lease in self._model.held.items() for bucket in lease.buckets
        }
        rows = self._in(lambda conn: conn.exec_driver_sql("SELECT id, account, bucket FROM leases").fetchall())
        assert {tuple(row) for row in rows} == held
        assert self._in(leases.used) == {
            (alias, bucket.value): number for (alias, bucket), number in self._model.used().items()
        }

    @invariant()
    def the_line_is_the_models(self) -> None:
        assert [ticket.operation_id for ticket in self._in(tickets.waiting)] == list(self._model.line)

    def _then_the_line(self, work: Callable[[Connection], object]) -> None:
        """As production does: what may free a slot serves the line in its own transaction."""

        def both(conn: Connection) -> tuple[str, ...]:
            work(conn)
            return grant_next(conn, self._accounts, self._now)

        assert self._in(both) == self._model.serve_line()

    def _in(self, work: Callable[[Connection], T]) -> T:
        with self._conn.begin():
            return work(self._conn)

    def _named(self, what: str) -> str:
        self._number += 1
        return f"{what}-{self._number}"


def test_slots_are_what_the_model_says_whatever_happens(database_url: str) -> None:
    file = database_file(database_url)
    run_state_machine_as_test(
        lambda: SlotMachine(file), settings=settings(max_examples=60, stateful_step_count=40, deadline=None)
    )
