"""A picture that is read."""

from __future__ import annotations

from cli.tour import pictures
from cli.tour.report import Report, StepFailedError
from cli.up.places import Places
from integrations.client import BridgeClient

TITLE = "The words on a picture (OCR)"


def show(client: BridgeClient, places: Places, report: Report) -> None:
    """Have a sign read.

    Raises:
        StepFailedError: the answer does not hold its words.
    """
    answer = client.vision({"mode": "ocr", "images": [{"data_url": pictures.sign(), "name": "sign.png"}]})
    took = report.seconds()
    report.fact("written", pictures.WORDS)
    report.quote(answer.text)
    if pictures.WORDS not in answer.text:
        raise StepFailedError("the answer does not hold the words of the picture")
    report.fact("operation", answer.chatgpt_operation_id)
    report.fact("account", answer.chatgpt_account)
    report.fact("took", f"{took:.1f} s")
