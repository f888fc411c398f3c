"""The simulator's own check of proofs, against the shared vectors."""

from __future__ import annotations

import base64
import json
from typing import Any

from provider.simulator.proof import Challenge, accepts, captured_proof


def test_vectors_are_judged_as_they_say(vector: Any) -> None:
    for case in vector("pow.json")["verify"]:
        challenge = Challenge(case["seed"], case["difficulty"])
        assert accepts(challenge, case["token"], _config(case["token"])) is case["valid"], case["name"]


def test_smallest_solutions_are_accepted(vector: Any) -> None:
    for case in vector("pow.json")["solve"]:
        assert accepts(Challenge(case["seed"], case["difficulty"]), case["token"], case["config"]), case["name"]


def test_another_configuration_is_refused() -> None:
    easy = Challenge("0.1", "ff")
    config = [4000, "d", None, 0, "ua"]
    assert accepts(easy, captured_proof([4000, "d", None, 77, "ua"]), config)
    for changed in ([4001, "d", None, 0, "ua"], [4000, "d", None, 0], {"a": 1}):
        assert not accepts(easy, captured_proof(changed), config)  # type: ignore[arg-type]


def test_missing_and_garbled_answers_are_refused() -> None:
    for answer in (None, "", "gAAAAAC", "gAAAAAB@@@@", "nothing"):
        assert not accepts(Challenge("0.1", "ff"), answer, [1, 2, 3, 4])


def _config(token: str) -> Any:
    try:
        return json.loads(base64.b64decode(token.removeprefix("gAAAAAB").partition("~")[0]))
    except ValueError:
        return []
