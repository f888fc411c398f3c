"""What must be true once everything has calmed down."""

from __future__ import annotations

import io
import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
from PIL import Image

from provider.simulator import Simulator
from tests.chaos.kinds import Asked
from tests.e2e.calls import OPERATIONS


def paid_once(simulator: Simulator, asked: Iterable[Asked]) -> list[str]:
    """What upstream accepted more than once, by the client-made message id and by the words."""
    submissions = [entry for entry in simulator.ledger.submissions if entry.kind != "chat" or entry.message_id]
    wrong = [
        f"message {message} was accepted {count} times"
        for message, count in Counter(entry.message_id for entry in submissions).items()
        if count > 1
    ]
    for request in asked:
        count = sum(request.prompt in entry.prompt for entry in submissions)
        if count > 1:
            wrong.append(f"{request.prompt!r} was accepted {count} times")
    return wrong


def nothing_left(database: Path) -> list[str]:
    """Leases of operations and places in line that nobody gave back."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as opened:
        leases = opened.execute("select operation_id from leases where operation_id is not null").fetchall()
        tickets = opened.execute("select operation_id from tickets").fetchall()
    return [f"a lease of {row[0]} is left" for row in leases] + [f"a ticket of {row[0]} is left" for row in tickets]


async def event_log(client: httpx2.AsyncClient, operation_id: str) -> list[dict[str, Any]]:
    """All events of an operation, page by page."""
    events: list[dict[str, Any]] = []
    while True:
        after = events[-1]["number"] if events else 0
        page = (await client.get(f"{OPERATIONS}/{operation_id}/events?format=json&after={after}")).json()
        events += page["data"]
        if not page["has_more"]:
            return events


def numbered(operation_id: str, events: list[dict[str, Any]]) -> list[str]:
    """Gaps in an event log, and events behind the operation's end."""
    wrong = []
    if [event["number"] for event in events] != list(range(1, len(events) + 1)):
        wrong.append(f"the events of {operation_id} have gaps: {[event['number'] for event in events]}")
    ends = [event["number"] for event in events if event["data"].get("state") in ("completed", "failed", "cancelled")]
    if ends != [len(events)]:
        wrong.append(f"{operation_id} ended at {ends} of {len(events)} events")
    return wrong


def whole_text(found: dict[str, Any], events: list[dict[str, Any]]) -> list[str]:
    """Where the deltas of a completed operation's text do not add up to it."""
    if found["state"] != "completed" or found["kind"] not in ("vision", "response"):
        return []
    text = ""
    for event in events:
        if event["type"] == "replaced":
            text = event["data"]["text"]
        elif event["type"] == "delta":
            if event["data"]["offset"] != len(text):
                return [f"a delta of {found['id']} begins at {event['data']['offset']}, not at {len(text)}"]
            text += event["data"]["text"]
    return [] if text == found["text"] else [f"the deltas of {found['id']} do not add up to its text"]


async def results(client: httpx2.AsyncClient, found: dict[str, Any]) -> list[str]:
    """What is wrong with a completed operation's files and text."""
    if found["state"] != "completed":
        return []
    wrong = []
    for artifact in found["artifacts"]:
        answer = await client.get(artifact["download_url"])
        if answer.status_code != 200 or len(answer.content) != artifact["bytes"]:
            wrong.append(f"{artifact['filename']} of {found['id']}: {answer.status_code}, {len(answer.content)} bytes")
        elif artifact["kind"] == "image":
            with Image.open(io.BytesIO(answer.content)) as picture:
                picture.load()
    if found["kind"] in ("image", "edit", "research") and not found["artifacts"]:
        wrong.append(f"{found['id']} is completed without a file")
    if found["kind"] in ("vision", "response", "research") and not found["text"]:
        wrong.append(f"{found['id']} is completed without text")
    return wrong
