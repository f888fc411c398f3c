"""Reports as files: Markdown with front matter, and its sources as JSON beside it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bridge.files import names
from bridge.files.storage import DiskStorage
from core import ids
from core.clock import utc_now
from core.contracts.artifacts import Artifact
from core.contracts.operations import OperationRecord
from core.contracts.research import ResearchSource

REPORT_SUFFIXES = (".md", ".markdown", ".txt")
"""What a report's name may end in; any other name gets the first of them."""

_MARKDOWN = "text/markdown; charset=utf-8"


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """What a research ended in.

    Attributes:
        text: Markdown, with its links and footnotes.
        sources: in the order of the footnotes.
        began_at: when upstream began; `None` where it answered at once.
    """

    text: str
    sources: tuple[ResearchSource, ...]
    began_at: datetime | None
    ended_at: datetime


class Reports:
    """Writes reports below one folder, as `bridge.files.artifacts` writes pictures."""

    def __init__(self, root: Path) -> None:
        self._storage = DiskStorage(root)

    async def write(self, operation: OperationRecord, facts: ReportFacts) -> tuple[Artifact, Artifact]:
        """Put the report and the list of its sources in place, as the operation's results number 0 and 1.

        Their ids, paths and bytes derive from the operation and the facts, so writing twice is writing once. They are
        kept once `bridge.files.artifacts.keep` has put their rows beside them.
        """
        name = filename(operation)
        report = await self._write(operation, 0, "research", name, _MARKDOWN, markdown(operation, facts))
        beside = f"{name.rpartition('.')[0]}.sources.json"
        sources = await self._write(operation, 1, "sources", beside, "application/json", sidecar(operation, facts))
        return report, sources

    async def _write(
        self, operation: OperationRecord, position: int, kind: str, name: str, content_type: str, text: str
    ) -> Artifact:
        file_id, content = ids.artifact_id(operation.id, position), text.encode()
        artifact = Artifact(
            file_id=file_id,
            kind=kind,
            filename=name,
            path=f"{file_id[:2]}/{file_id}.{name.rpartition('.')[2]}",
            content_type=content_type,
            size_bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            account=operation.account,
            operation_id=operation.id,
            created_at=utc_now(),
        )
        await self._storage.write(artifact.path, content)
        return artifact


def filename(operation: OperationRecord) -> str:
    """The caller's name for the report, or one made of the time and the prompt."""
    wanted = operation.request.get("output_name")
    if isinstance(wanted, str) and wanted:
        return wanted if wanted.lower().endswith(REPORT_SUFFIXES) else f"{wanted}{REPORT_SUFFIXES[0]}"
    words = names.slug(str(operation.request.get("prompt", "")), limit=56, fallback="deep-research")
    return f"{int(operation.created_at.timestamp())}-{words}.md"


def markdown(operation: OperationRecord, facts: ReportFacts) -> str:
    """The report with its front matter in YAML; strings are written as JSON, which YAML reads as well."""
    head = [f"{name}: {_yaml(value)}" for name, value in _facts(operation, facts).items()]
    listed = [
        f"  - number: {source.number}\n    title: {_yaml(source.title)}\n    url: {_yaml(source.url)}"
        for source in facts.sources
    ]
    head += ["sources:", *listed] if listed else ["sources: []"]
    return "\n".join(["---", *head, "---", "", facts.text.strip(), ""])


def sidecar(operation: OperationRecord, facts: ReportFacts) -> str:
    """The sources for programs."""
    sources = [source.model_dump(mode="json") for source in facts.sources]
    return json.dumps({**_facts(operation, facts), "sources": sources}, ensure_ascii=False, indent=2) + "\n"


def _facts(operation: OperationRecord, facts: ReportFacts) -> dict[str, Any]:
    return {
        "prompt": str(operation.request.get("prompt", "")),
        "account": operation.account,
        "model": operation.model,
        "operation": operation.id,
        "created_at": _time(operation.created_at),
        "started_at": _time(facts.began_at),
        "finished_at": _time(facts.ended_at),
        "source_count": len(facts.sources),
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")


def _yaml(value: str | int | None) -> str:
    return json.dumps(value, ensure_ascii=False)
