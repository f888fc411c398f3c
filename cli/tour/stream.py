"""A chat answer, as it comes."""

from __future__ import annotations

from cli import output
from cli.tour.report import Report, StepFailedError
from cli.tour.scripting import tell
from cli.up.places import Places
from integrations.client import BridgeClient

TITLE = "A streamed chat"
_MESSAGE = "Tell me in three sentences what a lighthouse keeper does at night."
_TEXT = (
    "Before dark the keeper trims the wick, fills the oil and polishes the glass of the lens. Through the night the "
    "clockwork is wound every few hours, and the light is watched, because ships trust it more than their charts. At "
    "dawn the lamp is put out, the curtains are drawn against the sun, and the log is written."
)


def show(client: BridgeClient, places: Places, report: Report) -> None:
    """Ask for one answer and show every piece when it arrives.

    Raises:
        StepFailedError: there was no piece, or the stream ended without a reason.
    """
    tell(places, _MESSAGE, [{"text": _TEXT, "scenario": {"deltas": 24, "pace": 60}}])
    report.fact("asked", _MESSAGE)
    answer = client.stream_chat({"model": "auto", "messages": [{"role": "user", "content": _MESSAGE}]})
    pieces, first = 0, 0.0
    for piece in answer:
        if not pieces:
            first = report.seconds()
            output.piece("  | ")
        pieces += 1
        output.piece(piece.replace("\n", "\n  | "))
    took = report.seconds()
    if not pieces or answer.finish_reason is None:
        raise StepFailedError("the stream ended without text or without a finish reason")
    output.result("")
    report.fact("id", answer.id)
    report.fact("pieces", f"{pieces}, the first after {first * 1000:.0f} ms, the last after {took * 1000:.0f} ms")
    report.fact("finish reason", answer.finish_reason)
