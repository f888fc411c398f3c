"""A response in the background: left while it is answered, and found again."""

from __future__ import annotations

from contextlib import closing

from cli.tour.report import Report, StepFailedError
from cli.up.places import Places
from integrations.client import BridgeClient
from integrations.client.models import ResponseAnswer

TITLE = "A response in the background, left and found again"
_INPUT = "Write four sentences about a storm at sea."
_SEEN = 3


def show(client: BridgeClient, places: Places, report: Report) -> None:
    """Begin it, follow it for some events, leave, and go on behind the last one that was seen.

    Raises:
        StepFailedError: it ended without an answer, or an event was told twice or not at all.
    """
    report.fact("asked", _INPUT)
    begun = client.response({"model": "auto", "input": _INPUT, "background": True})
    report.fact("response", f"{begun.id} ({begun.status} after {report.seconds() * 1000:.0f} ms)")
    report.fact("its workflow", places.workflow_url(begun.id))
    numbers = []
    with closing(client.response_events(begun.id)) as events:
        for event in events:
            numbers.append(int(event["sequence_number"]))
            if len(numbers) == _SEEN:
                break
    report.fact("left", f"after event {numbers[-1]}")
    for event in client.response_events(begun.id, after=numbers[-1]):
        numbers.append(int(event["sequence_number"]))
    if numbers != list(range(len(numbers))):
        raise StepFailedError(f"the events were numbered {numbers}")
    report.fact("found again", f"events {_SEEN} to {numbers[-1]}, none twice and none missing")
    answer = _ended(client.read_response(begun.id))
    report.quote(answer.text)
    report.fact("account", answer.chatgpt_account)
    report.fact("took", f"{report.seconds():.1f} s")


def _ended(answer: ResponseAnswer) -> ResponseAnswer:
    if answer.status != "completed" or not answer.text.strip():
        raise StepFailedError(f"it ended as {answer.status}, with no text")
    return answer
