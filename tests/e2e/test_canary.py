"""Nothing that is anybody's secret can be read where it has no business: every kind of work, with words to look for."""

from __future__ import annotations

import asyncio
import base64
import json
import random
import re
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest

from provider.simulator import SimulatorConfig
from tests.chaos.kinds import KINDS
from tests.e2e.calls import ASYNC, CHAT, IMAGES, OPERATIONS, chat, reaches
from tests.e2e.stack import KEY, Stack, open_stack

PROMPT = "canaryprompt7f3ad2"
TROUBLE = "canarytrouble51cc9e"
SECRETS = {
    "token": re.compile(r"authorization: Bearer \S+\.(\S+)'"),
    "session cookie": re.compile(r"session-token\.0=(\w+)"),
    "clearance cookie": re.compile(r"cf_clearance=(\w+)"),
}


class Canaries:
    """Bytes that must not be read anywhere, by what they are."""

    def __init__(self) -> None:
        self._forms: dict[str, tuple[bytes, ...]] = {}

    def add(self, name: str, content: str | bytes) -> None:
        """Look for it as it is and as it is usually dressed up: base64 at each of three offsets, hex, UTF-16."""
        raw = content.encode() if isinstance(content, str) else content
        shifted = (base64.b64encode(b"\0" * shift + raw)[4 * (shift > 0) :] for shift in range(3))
        # The ends of a base64 text depend on the neighbours.
        dressed = (
            raw,
            raw.hex().encode(),
            raw.decode("latin-1").encode("utf-16-le"),
            *(text[2:-4] for text in shifted),
        )
        self._forms[name] = tuple(form for form in dressed if len(form) >= 8)

    def only(self, *names: str) -> Canaries:
        """Some of them."""
        chosen = Canaries()
        chosen._forms = {name: forms for name, forms in self._forms.items() if name.startswith(names)}
        return chosen

    def found(self, places: Mapping[str, bytes]) -> set[tuple[str, str]]:
        """What can be read where."""
        return {
            (name, place)
            for place, content in places.items()
            for name, forms in self._forms.items()
            if any(form in content for form in forms)
        }


def files(folder: Path, pattern: str) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.glob(pattern) if path.is_file()}


def process_list() -> dict[str, bytes]:
    """What every user of the machine can see of every process."""
    return {str(path): content for path, content in _readable(Path("/proc").glob("[0-9]*/cmdline"))}


def _readable(paths: Iterator[Path]) -> Iterator[tuple[Path, bytes]]:
    for path in paths:
        try:
            yield path, path.read_bytes()
        except OSError:
            continue


def columns(database: Path, statement: str) -> bytes:
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as opened:
        return json.dumps(opened.execute(statement).fetchall(), default=str).encode()


async def everything(stack: Stack, client: httpx2.AsyncClient, canaries: Canaries) -> list[dict[str, Any]]:
    """A chat, every kind of operation, and one that upstream refuses; returns the operations."""
    rng = random.Random(7)
    stack.simulator.add_rule(
        path="*/f/conversation", status=400, body=json.dumps({"detail": {"message": TROUBLE, "code": TROUBLE}})
    )
    refused = await client.post(IMAGES, json={"prompt": f"{PROMPT} refused"}, headers=ASYNC)
    failed = await reaches(client, refused.json()["operation"]["id"], "failed")
    assert TROUBLE in json.dumps(failed["error"]), failed
    keyed = {"Idempotency-Key": "kept"}
    assert (await client.post(CHAT, json=chat(f"[sim:echo] {PROMPT}"), headers=keyed)).status_code == 200
    assert PROMPT in (await client.post(CHAT, json=chat(f"[sim:echo] {PROMPT}", stream=True))).text

    started = []
    for kind, make in KINDS.items():
        asked = make(f"{PROMPT} {kind}", rng)
        for number, image in enumerate(asked.body.get("images", ())):
            canaries.add(f"input of {kind} {number}", base64.b64decode(image.partition(",")[2])[-60:])
        body = {**asked.body, **({"plan": "auto"} if "plan" in asked.body else {})}
        answer = await client.post(asked.path, json=body, headers={**asked.headers, **ASYNC})
        assert answer.status_code == 202, answer.text
        started.append(answer.json()["operation"]["id"])
    return [failed, *await asyncio.gather(*(reaches(client, id_, "completed", seconds=60) for id_ in started))]


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_no_canary_can_be_read_where_it_has_no_business(tmp_path: Path) -> None:
    config = SimulatorConfig(accounts=("plus",), image_seconds=0.5)
    async with open_stack(
        tmp_path, config, CHATGPT_RESEARCH_PLAN_DELAY_SECONDS="1", CHATGPT_LOG_LEVEL="debug"
    ) as stack:
        [(alias, capture)] = stack.simulator.captures().items()
        canaries = Canaries()
        canaries.add("prompt", PROMPT)
        canaries.add("trouble", TROUBLE)
        canaries.add("e-mail", f"{alias}@simulator.test")
        for name, pattern in SECRETS.items():
            found = pattern.search(capture)
            assert found, name
            canaries.add(name, found[1])
        await stack.start()
        async with stack.client() as client:
            operations = await everything(stack, client, canaries)
            for operation in operations:
                for artifact in operation["artifacts"]:
                    content = (await client.get(artifact["download_url"])).content
                    canaries.add(f"{operation['kind']} {artifact['file_id']}", content[-60:])
            listed = (await client.get(OPERATIONS)).text
        data, own = tmp_path / "data", tmp_path / "data" / "bridge.sqlite"
        running = process_list()
        seen = {process.name: running[f"/proc/{process.pid}/cmdline"] for process in stack.processes}
        for process in reversed(stack.processes):
            await process.terminate()

        temporal = files(data, "temporal.sqlite*")
        readable = {
            **temporal,
            **files(data, "payloads/**/*"),
            **files(tmp_path, "*.log"),
            **running,
            "columns of events": columns(own, "SELECT operation_id, number, key, type, at FROM events"),
            "kept answers": columns(own, "SELECT * FROM kept_answers"),
            "ids": columns(own, "SELECT id, kind, state, owner, account, message_id, request_digest FROM operations"),
            "addresses upstream": "\n".join(call.path for call in stack.simulator.ledger.requests).encode(),
            "addresses of files": "\n".join(addresses(operations)).encode(),
        }

        assert {operation["kind"] for operation in operations} == set(KINDS)
        assert canaries.found(readable) == set()
        # Prompts and what upstream said are ours to keep; credentials and the bytes of pictures are not.
        whole_database = files(data, "bridge.sqlite*")
        never = canaries.only(*SECRETS, "input", "image", "edit")
        assert never.found({**whole_database, "list": listed.encode()}) == set()
        assert KEY.encode() not in b"".join([*readable.values(), *whole_database.values()])

        # The search itself finds what is there to be found.
        kept = {"own": b"".join(whole_database.values())}
        assert canaries.only("prompt", "trouble").found(kept) == {("prompt", "own"), ("trouble", "own")}
        pictures = files(data, "artifacts/**/*") | files(data, "inputs/**/*")
        assert {name for name, _ in canaries.found(pictures)} >= {"input of edit 0", "input of vision 0"}
        assert {name.partition(" ")[0] for name, _ in canaries.found(pictures)} >= {"image", "edit", "research"}
        assert operations[0]["id"].encode() in b"".join(temporal.values())
        assert all(b"chatgpt_api" in line for name, line in seen.items() if name != "temporal")


def addresses(operations: list[dict[str, Any]]) -> Iterator[str]:
    """Every address of a kept file up to its name, which is for people and begins with what was asked for."""
    for operation in operations:
        for artifact in operation["artifacts"]:
            url, _, name = artifact["download_url"].rpartition("/")
            assert name
            yield url


@pytest.mark.parametrize(
    "dress", [bytes, bytes.hex, base64.b64encode, lambda raw: base64.b64encode(b"x" + raw + b"yz")]
)
def test_a_canary_is_found_however_it_is_dressed_up(dress: Any) -> None:
    canaries = Canaries()
    canaries.add("prompt", PROMPT)
    dressed = dress(PROMPT.encode())

    place = {"here": b"<" + (dressed.encode() if isinstance(dressed, str) else dressed) + b">"}

    assert canaries.found(place) == {("prompt", "here")}
    assert canaries.only("token").found(place) == set()
