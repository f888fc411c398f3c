"""Errors that agents must not ask again after, held against what makes them do so."""

from __future__ import annotations

import json
import re

import pytest

from api.answers.quiet import quiet
from api.errors import answer_to
from bridge.chat.failover import Attempt
from core.errors import BridgeError, EmptyResponseError, UpstreamError, UpstreamTimeoutError

OPENCODE = re.compile(
    r"429|500|502|503|504|524|rate increased too quickly|rate[- _]limit|too many requests|overloaded"
    r"|service[- _]unavailable|internal[ _]error|internal server error|server[- _]error|provider[ -_]returned[ -_]error"
    r"|terminated|fetch failed|failed to fetch|network[-_\s]error|upstream connect|connection (error|refused|lost)"
    r"|socket connection was closed|socket hang up|reset before headers|econnre|etimedout"
    r"|\b(?:request|response|connection|network|stream|read) (?:timeout|timed out|time out)\b"
    r"|(try|retry) your request|resource[ _]exhausted|\btry again (?:later|in\b)"
    r"|\b(?:currently|temporarily) at capacity\b",
    re.IGNORECASE,
)
"""What opencode 1.18.33 looks for in the message and in the whole body of an error, whatever its status."""


@pytest.mark.parametrize(
    "error",
    [
        UpstreamError("Upstream failed.", upstream_status=500, upstream_text="oops", spent=True),
        UpstreamError("Internal server error", spent=True),
        UpstreamError("Rate limit: try again later.", spent=True),
        UpstreamError("Stream timed out", upstream_text="Too many requests", spent=True),
        UpstreamTimeoutError("Upstream took longer than 1500 seconds.", spent=True),
    ],
    ids=str,
)
def test_nothing_in_it_makes_an_agent_ask_again(error: BridgeError) -> None:
    attempts = [Attempt("one", EmptyResponseError("", upstream_status=502)), Attempt("two", error)]
    loud = answer_to(error, status=400, account="two", attempts=attempts)

    told = quiet(loud)

    assert OPENCODE.search(json.dumps(loud.body))
    assert not OPENCODE.search(json.dumps(told.body))
    assert told.body["error"]["code"] == error.code
    assert [attempt["account"] for attempt in told.body["error"]["chatgpt_account_attempts"]] == ["one", "two"]
    assert (told.status, told.headers) == (loud.status, loud.headers)


def test_words_that_do_no_harm_stay() -> None:
    error = UpstreamTimeoutError("Upstream was silent.", spent=True)

    told = quiet(answer_to(error, status=400))

    assert told.body["error"]["message"] == "Upstream was silent."
    assert told.body["error"]["action"] == error.action
