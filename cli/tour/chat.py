"""A chat answer, complete."""

from __future__ import annotations

from cli.tour.report import Report, StepFailedError
from cli.up.places import Places
from integrations.client import BridgeClient

TITLE = "A chat"
_MESSAGE = "Say hello to somebody who has just cloned this repository."


def show(client: BridgeClient, places: Places, report: Report) -> None:
    """Ask for one answer and show it.

    Raises:
        StepFailedError: it is empty.
    """
    answer = client.chat({"model": "auto", "messages": [{"role": "user", "content": _MESSAGE}]})
    took = report.seconds()
    if not answer.text.strip():
        raise StepFailedError("the answer holds no text")
    report.fact("asked", _MESSAGE)
    report.quote(answer.text)
    report.fact("account", answer.chatgpt_account)
    report.fact("id", answer.id)
    report.fact("took", f"{took * 1000:.0f} ms")
