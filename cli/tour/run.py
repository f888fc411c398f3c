"""The whole tour."""

from __future__ import annotations

from cli import output
from cli.exit import FAILED, OK
from cli.tour import background, chat, edit, image, research, stream, tools, vision
from cli.tour.report import Report, StepFailedError
from cli.up.places import Places
from integrations.client import BridgeClient, ClientError

_STEPS = (chat, stream, tools, background, image, edit, vision, research)


def run(client: BridgeClient, places: Places) -> int:
    """Show every step; a step that fails does not keep the next from being shown. 1 when one failed, else 0."""
    report = Report()
    failed = []
    for step in _STEPS:
        report.begin(step.TITLE)
        try:
            step.show(client, places, report)
        except ClientError as error:
            failed.append(step.TITLE)
            report.fact("FAILED", f"{error.failure.message} [{error.failure.code}]")
            report.fact("what to do", error.failure.action)
        except StepFailedError as error:
            failed.append(step.TITLE)
            report.fact("FAILED", error)
    output.result(f"\n{len(_STEPS) - len(failed)} of {len(_STEPS)} steps worked.")
    _look(places)
    return FAILED if failed else OK


def _look(places: Places) -> None:
    report = Report()
    report.begin("Where to look")
    report.fact("API", places.api)
    report.fact("API key", places.api_key_file or "CHATGPT_API_KEY")
    report.fact("Temporal UI", places.temporal_ui)
    report.fact("simulator", places.simulator)
    report.fact("pictures", places.artifacts)
    report.fact("database", places.database)
    report.fact("logs", places.logs)
