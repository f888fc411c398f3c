"""A picture that is changed."""

from __future__ import annotations

from cli.tour import pictures
from cli.tour.report import Report, StepFailedError
from cli.up.places import Places
from integrations.client import BridgeClient

TITLE = "An edit of a picture"
_PROMPT = "Make it evening, with a lamp above the sign"


def show(client: BridgeClient, places: Places, report: Report) -> None:
    """Have a picture changed that was drawn here.

    Raises:
        StepFailedError: there is no picture, or it is the input again.
    """
    report.fact("asked", _PROMPT)
    report.fact("input", f"a sign that says “{pictures.WORDS}”")
    sign = pictures.sign()
    answer = client.edit({"prompt": _PROMPT, "images": [{"data_url": sign, "name": "sign.png"}]})
    took = report.seconds()
    if not answer.data or not answer.data[0].url or not answer.chatgpt_operation_id:
        raise StepFailedError("the answer holds no picture")
    content, kind = client.download(answer.data[0].url)
    if content == pictures.content_of(sign):
        raise StepFailedError("the picture is the input again")
    report.fact("picture", pictures.described(content, kind))
    report.fact("file", pictures.lies(answer.data[0].path, content))
    report.fact("download", answer.data[0].url)
    report.fact("operation", answer.chatgpt_operation_id)
    report.fact("account", answer.chatgpt_account)
    report.fact("took", f"{took:.1f} s")
