"""A picture: a durable operation."""

from __future__ import annotations

from cli.tour.pictures import described, lies
from cli.tour.report import Report, StepFailedError
from cli.up.places import Places
from integrations.client import BridgeClient

TITLE = "A picture, made by a Temporal workflow"
_PROMPT = "A lighthouse in the fog, seen from a small boat"


def show(client: BridgeClient, places: Places, report: Report) -> None:
    """Ask for a picture, and show where its file, its operation and its workflow are.

    Raises:
        StepFailedError: there is no picture, or it is not what the answer says.
    """
    report.fact("asked", _PROMPT)
    answer = client.image({"prompt": _PROMPT, "response_format": "url"})
    took = report.seconds()
    if not answer.data or not answer.data[0].url or not answer.chatgpt_operation_id:
        raise StepFailedError("the answer holds no picture")
    operation = client.operation(answer.chatgpt_operation_id)
    content, kind = client.download(answer.data[0].url)
    report.fact("picture", described(content, kind))
    report.fact("file", lies(answer.data[0].path, content))
    report.fact("download", answer.data[0].url)
    report.fact("operation", f"{operation.id} ({operation.state})")
    report.fact("account", answer.chatgpt_account)
    report.fact("took", f"{took:.1f} s")
    report.fact("its workflow", places.workflow_url(operation.id))
