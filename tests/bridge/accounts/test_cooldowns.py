"""Cooldowns end by newer evidence only."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.accounts.buckets import BucketLimits
from bridge.accounts.cooldowns import Terms, begin
from bridge.accounts.outcomes import Attempt, Outcomes
from bridge.accounts.registry import Registry
from bridge.store.engine import Store
from bridge.store.migrations import migrate
from bridge.vault import Vault
from core.clock import utc_now
from core.contracts.buckets import Bucket
from core.errors import BridgeError, FeatureLimitError, ModelLimitError, RateLimitedError
from tests.fakes.provider import FakeProvider, capture

_TERMS = Terms("burst", timedelta(minutes=1), timedelta(minutes=15), timedelta(hours=1))
_NOW = utc_now()
_BUCKETS = (Bucket.UPLOAD, Bucket.IMAGE)
_ERRORS = (RateLimitedError, ModelLimitError, FeatureLimitError)


@given(told=st.lists(st.one_of(st.none(), st.floats(0, 1e9)), min_size=1, max_size=12))
def test_a_row_of_refusals_only_ever_lengthens_a_cooldown_up_to_its_cap(told: list[float | None]) -> None:
    cooldown = None
    for step, seconds in enumerate(told):
        now = _NOW + timedelta(seconds=step)
        before, cooldown = cooldown, begin(cooldown, "account", _TERMS, told_seconds=seconds, evidence="x", now=now)
        assert now < cooldown.until <= now + cooldown.cap
        assert before is None or cooldown.until >= before.until
        assert (cooldown.strikes, cooldown.since) == (step + 1, now)


@settings(max_examples=25, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from((*_ERRORS, None)), st.integers(-5, 5), st.booleans()), min_size=1, max_size=10
    )
)
async def test_a_success_ends_what_it_met_and_began_after_and_nothing_else(
    steps: list[tuple[type[BridgeError] | None, int, bool]],
) -> None:
    """Whatever comes in whatever order: a model of when each scope was last refused says what is left."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'bridge.sqlite'}"
        migrate(url)
        vault = Vault(Path(folder) / "accounts")
        vault.write("a", capture())
        store = Store.open(url)
        try:
            await _played(steps, Registry(store, vault, FakeProvider(), BucketLimits({})), store)
        finally:
            await store.aclose()


async def _played(steps: list[tuple[type[BridgeError] | None, int, bool]], registry: Registry, store: Store) -> None:
    outcomes, refused = Outcomes(store, registry), dict[str, int]()
    start, sha = utc_now() - timedelta(days=1), (await registry.account("a")).capture_sha256
    for number, (error, offset, pictures) in enumerate(steps):
        scopes = ["account", *(["model:auto", "bucket:upload", "bucket:image"] if pictures else ["model:gpt-5-5"])]
        # Real time passes between steps; what an offset of 0 or less says began before the last refusal.
        now = utc_now()
        began = now if offset > 0 else start
        attempt = Attempt(began, sha, "auto" if pictures else "gpt-5-5", _BUCKETS if pictures else (Bucket.CHAT,))
        await outcomes.report("a", None if error is None else error("no", retry_after_seconds=600), attempt)
        if error is RateLimitedError:
            refused["account"] = number
        elif error is not None:
            kind = "model:" if error is ModelLimitError else "bucket:"
            refused.update({scope: number for scope in scopes if scope.startswith(kind)})
        elif offset > 0:
            refused = {scope: at for scope, at in refused.items() if scope not in scopes}
        assert set((await registry.account("a")).memory.cooldowns) == set(refused)
