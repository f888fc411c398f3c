"""What the blocks of a page come to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.clients.running import Bridge


@dataclass(frozen=True)
class Case:
    """One block.

    Attributes:
        prints: a pattern for all that is printed.
        says: what upstream says to whom, by words of the request.
        turns: how many turns upstream is asked for; `None` where chance decides.
    """

    prints: str
    says: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    turns: int | None = 1

    def prepare(self, bridge: Bridge) -> None:
        """Have upstream say it; pictures are small, and show previews."""
        for when, says in self.says.items():
            bridge.simulator.add_script(when, says)
        bridge.simulator.add_rule(path="*/f/conversation", times=0, scenario={"previews": 2, "pixels": 64})

    def check(self, bridge: Bridge, printed: str) -> None:
        """Hold what came of it against what should."""
        assert re.fullmatch(self.prints, printed), printed
        assert self.turns in (None, bridge.turns)


CALL = '{"name": "%s", "arguments": {"harbour": "%s"}}'

HELLO = {"Say hello to the harbour.": ["Ahoy, harbour!"]}
STORY = {"Tell me a story": ["Once upon a time."]}
BERGEN = {"the tide in Bergen": [CALL % ("read_tide", "Bergen"), "1.4 m."]}
ANNA = {"The Anna has": ['Two.\n{"name": "Anna", "masts": "two"}', '{"name": "Anna", "masts": 3}']}
ROPES = {"Name a rope": ["A halyard.", "A sheet."]}
KNOT = {"the bowline": ['{"name": "bowline", "uses": ["a loop"]}']}
TIDES = {"a report about tides": ["Twice a day."]}
MOON = {"about the moon": [{"text": "It is round, and far away.", "scenario": {"deltas": 6, "pace": 200}}]}
STARS = {"all the stars": [{"text": "One and one and one.", "scenario": {"deltas": 50, "pace": 300}}]}
HALYARD = {"a halyard": ["It hoists.", "It trims."]}
FORBIDDEN = {"what is forbidden": [{"scenario": {"fault": "policy"}}]}
REPORT = {"the harbour's report": ["All calm."]}
WHO = {"Who are you?": ["A sailor."]}
"""What upstream says where pages ask the same."""

LOOKED = r".* 16 by 12 pixels, .* notes\.txt has 26 bytes .*\n"
TALKED = r"user What is a halyard\?\nassistant It hoists\.\nuser And a sheet\?\nassistant It trims\.\n"
LINK = r"http://127\.0\.0\.1:\d+/\S+\n"
READ = r"(.* notes\.txt has 26 bytes .*\n){2}The harbour opens at six\.\n\ntrue\n"
REFUSED = r"BadRequestError 400 content_policy_violation\nChange the request's content\.\n"
"""What pages print where they print the same; words of truth in the spelling of JavaScript."""
