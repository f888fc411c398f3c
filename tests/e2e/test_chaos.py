"""Forty operations of all kinds while API, worker and Temporal are killed around them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.run import chaos


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_nothing_is_lost_or_doubled_while_everything_dies(tmp_path: Path) -> None:
    report = await chaos(tmp_path, seed=20, seconds=40, operations=40)

    assert report.wrong == [], str(report)
    assert report.states.total() == 40
    assert report.kills.total() >= 5
