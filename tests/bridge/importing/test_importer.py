"""Taking a folder of the older bridge over: what is taken, what is left out and why, and twice is once."""

from __future__ import annotations

import base64
import hashlib
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select

from bridge.accounts.buckets import SavedLimits
from bridge.accounts.captures import Captures
from bridge.accounts.registry import Registry
from bridge.accounts.saved import recall_saved
from bridge.files.artifacts import ARTIFACTS, Artifacts
from bridge.importing.importer import Importer
from bridge.importing.items import ImportReport
from bridge.importing.original import Original, find_original
from bridge.store.engine import Store
from bridge.vault import Vault
from core.contracts.buckets import Bucket
from core.errors import ImportSourceError
from tests.fakes.original import OlderFolder
from tests.fakes.provider import FakeProvider, capture
from tests.fakes.upstream import png

ONE, TWO, THREE = "1" * 32, "2" * 32, "3" * 32


@pytest.fixture
def older(tmp_path: Path) -> OlderFolder:
    return OlderFolder(tmp_path / "older")


@pytest.fixture
def importer(store: Store, vault: Vault, provider: FakeProvider, registry: Registry, tmp_path: Path) -> Importer:
    captures = Captures(store, vault, provider, registry)
    return Importer(store, vault, captures, registry, artifacts=tmp_path / "artifacts")


@pytest.fixture
def artifacts(store: Store, tmp_path: Path) -> Artifacts:
    return Artifacts(store, tmp_path / "artifacts")


def outcomes(report: ImportReport) -> dict[str, str]:
    return {item.name: item.outcome.value for item in report.items if item.kind != "folder"}


def details(report: ImportReport) -> dict[str, str]:
    return {item.name: item.detail for item in report.items}


async def test_a_dry_run_tells_and_writes_nothing(
    importer: Importer, older: OlderFolder, vault: Vault, store: Store, tmp_path: Path
) -> None:
    older.add_account("plus")
    older.add_picture(ONE, "heron.png")
    report = await importer.run(find_original(older.root), apply=False)
    assert (report.applied, outcomes(report)) == (False, {"plus": "take", ONE: "take"})
    assert vault.aliases() == []
    assert await store.read(lambda conn: conn.execute(select(ARTIFACTS)).all()) == []
    assert not (tmp_path / "artifacts").exists()


async def test_everything_is_taken_once_and_the_older_folder_stays_as_it_was(
    importer: Importer, older: OlderFolder, vault: Vault, artifacts: Artifacts, store: Store
) -> None:
    first, second = older.add_account("plus"), older.add_account("go", capture("go"), encrypted=False)
    picture = older.add_picture(ONE, "1-heron.png", account="go", prompt="a heron")
    report = older.add_report(TWO, "1-why.md", "# Why\n\nBecause — ünïcode.\n", metadata_json='{"id": "chatgptop_1"}')
    before = older.contents()

    done = await importer.run(find_original(older.root), apply=True)

    assert outcomes(done) == {"go": "take", "plus": "take", ONE: "take", TWO: "take"}
    assert (vault.read("plus"), vault.read("go")) == (first, second)
    kept, path = await artifacts.get(ONE)
    assert path.read_bytes() == picture
    assert (kept.kind, kept.filename, kept.content_type, kept.account) == ("image", "1-heron.png", "image/png", "go")
    assert (kept.width, kept.height, kept.size_bytes) == (16, 12, len(picture))
    assert kept.sha256 == hashlib.sha256(picture).hexdigest()
    assert kept.created_at.isoformat() == "2026-05-01T10:20:30+00:00"
    kept, path = await artifacts.get(TWO)
    assert path.read_bytes() == report
    assert (kept.kind, kept.content_type) == ("research", "text/markdown; charset=utf-8")
    asked = select(ARTIFACTS.c.prompt, ARTIFACTS.c.facts).order_by(ARTIFACTS.c.file_id)
    assert await store.read(lambda conn: [tuple(row) for row in conn.execute(asked)]) == [
        ("a heron", {"requested_model": "auto"}),
        ("a heron", {"id": "chatgptop_1"}),
    ]

    again = await importer.run(find_original(older.root), apply=True)
    assert outcomes(again) == {"go": "have", "plus": "have", ONE: "have", TWO: "have"}
    assert older.contents() == before


async def test_what_is_here_under_the_same_name_is_never_replaced(
    importer: Importer, older: OlderFolder, vault: Vault, artifacts: Artifacts
) -> None:
    vault.write("plus", capture("pro"))
    older.add_account("plus")
    ours = older.add_picture(ONE, "ours.png")
    await importer.run(Original(older.root, None, older.database), apply=True)
    (older.root / "outputs/chatgpt-images/ours.png").write_bytes(png("blue"))

    report = await importer.run(find_original(older.root), apply=True)

    assert outcomes(report) == {"plus": "skip", ONE: "skip"}
    assert "another capture" in details(report)["plus"]
    assert vault.read("plus") == capture("pro")
    assert (await artifacts.get(ONE))[1].read_bytes() == ours


async def test_a_cut_off_import_is_completed_by_the_next_one(
    importer: Importer, older: OlderFolder, artifacts: Artifacts
) -> None:
    content = older.add_picture(ONE, "heron.png")
    original = find_original(older.root)
    await importer.run(original, apply=True)
    (await artifacts.get(ONE))[1].unlink()
    report = await importer.run(original, apply=True)
    assert outcomes(report) == {ONE: "take"}
    assert (await artifacts.get(ONE))[1].read_bytes() == content


@pytest.mark.parametrize("seen_from", ["/data", "/somewhere/else/entirely", "."])
async def test_files_are_found_wherever_the_older_bridge_saw_them(
    importer: Importer, tmp_path: Path, seen_from: str
) -> None:
    older = OlderFolder(tmp_path / "moved", seen_from=seen_from)
    older.add_picture(ONE, "heron.png")
    older.add_report(TWO, "why.md", "Because.")
    report = await importer.run(find_original(older.root), apply=True)
    assert outcomes(report) == {ONE: "take", TWO: "take"}


async def test_only_files_of_the_folder_are_taken(importer: Importer, older: OlderFolder, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "private.png").write_bytes(png("black"))
    older.add_row(ONE, path=str(elsewhere / "private.png"))
    older.add_row(TWO, path="../elsewhere/private.png", filename="private.png")
    (older.root / "outputs" / "chatgpt-images").mkdir()
    (older.root / "outputs" / "chatgpt-images" / "link.png").symlink_to(elsewhere / "private.png")
    older.add_row(THREE, path="outputs/chatgpt-images/link.png")

    report = await importer.run(find_original(older.root), apply=True)
    assert set(outcomes(report).values()) == {"skip"}
    left_out = {item.detail for item in report.items if item.kind == "artifact"}
    assert left_out == {"its file lies outside of the folder; name the folder it lies in as well"}
    report = await importer.run(find_original(older.root, folders=(elsewhere,)), apply=True)
    assert set(outcomes(report).values()) == {"take"}


BAD_ROWS: list[tuple[dict[str, Any], str]] = [
    ({"kind": "archive"}, "a file of the kind 'archive' is not known"),
    ({"kind": None}, "a file of the kind '' is not known"),
    ({"path": "outputs/chatgpt-images/gone.png", "filename": "gone.png"}, "its file is gone"),
    ({"path": "outputs/\0.png"}, "its file is gone"),
    ({"path": None, "filename": ""}, "its file is gone"),
    ({"path": "outputs/chatgpt-images", "filename": "chatgpt-images"}, "its file is gone"),
    ({"path": "outputs/chatgpt-images/words.png"}, "its file is no picture"),
    ({"path": "outputs/chatgpt-images/words.png", "kind": "research"}, "its file is no text"),
]


@pytest.mark.parametrize(("columns", "says"), BAD_ROWS)
async def test_a_bad_row_is_told_and_costs_no_other_row(
    importer: Importer, older: OlderFolder, columns: dict[str, Any], says: str
) -> None:
    older.execute("CREATE TABLE loose AS SELECT * FROM artifacts")
    older.execute("DROP TABLE artifacts")
    older.execute("ALTER TABLE loose RENAME TO artifacts")
    older.add_picture(ONE, "before.png")
    (older.root / "outputs/chatgpt-images/words.png").write_bytes(b"\xff\xfe no words")
    older.add_row(TWO, **columns)
    older.add_picture(THREE, "behind.png", metadata_json="{not json", bytes=7, created_at="yesterday")
    report = await importer.run(find_original(older.root), apply=True)
    assert outcomes(report) == {ONE: "take", TWO: "skip", THREE: "take"}
    assert says in details(report)[TWO]
    assert "though 7 were recorded" in details(report)[THREE]


@pytest.mark.parametrize("file_id", ["../../etc", "", "a/b", "x" * 65, b"\xff\xfe"])
async def test_an_id_that_no_link_can_carry_is_left_out(
    importer: Importer, older: OlderFolder, file_id: str | bytes
) -> None:
    older.add_picture(ONE, "heron.png")
    older.execute("UPDATE artifacts SET file_id = ?", file_id)
    report = await importer.run(find_original(older.root), apply=True)
    [item] = [item for item in report.items if item.kind == "artifact"]
    assert (item.outcome, item.detail) == ("skip", "its id cannot be part of a link")


async def test_bad_captures_are_told_and_cost_no_other_account(
    importer: Importer, older: OlderFolder, vault: Vault
) -> None:
    older.add_account("free")
    older.add_account("plus")
    older.add_account("bad", "no capture at all")
    (older.accounts / "alien").mkdir()
    alien = Fernet(Fernet.generate_key()).encrypt(b"x").decode()
    (older.accounts / "alien" / "chatgpt-request.txt").write_text(f"enc:v1:{alien}")
    (older.accounts / "binary").mkdir()
    (older.accounts / "binary" / "chatgpt-request.txt").write_bytes(b"\xff\xfe\x00")
    older.add_account("x" * 70)
    older.add_account("expired", capture("go", missing=["token_expiry"]))
    (older.accounts / "free" / "settings.json").write_text("{}")

    report = await importer.run(find_original(older.root), apply=True)

    assert outcomes(report) == {
        "alien": "skip",
        "bad": "skip",
        "binary": "skip",
        "expired": "take",
        "free": "take",
        "free/settings.json": "take",
        "plus": "take",
        "x" * 70: "skip",
    }
    assert "does not open" in details(report)["alien"]
    assert "1 to 64 letters" in details(report)["x" * 70]
    assert "expired" in details(report)["expired"]
    assert vault.aliases() == ["expired", "free", "plus"]


@pytest.mark.parametrize("both", [False, True])
async def test_captures_under_a_passphrase_are_opened_with_it(
    importer: Importer, older: OlderFolder, vault: Vault, both: bool
) -> None:
    salt = bytes(16)
    (older.accounts / ".master.salt").write_bytes(salt)
    key = base64.urlsafe_b64encode(hashlib.pbkdf2_hmac("sha256", b"their words", salt, 600_000, 32))
    if both:
        older.add_account("by-file")
    (older.accounts / "plus").mkdir()
    stored = "enc:v1:" + Fernet(key).encrypt(capture("plus").encode()).decode()
    (older.accounts / "plus" / "chatgpt-request.txt").write_text(stored)
    before = older.contents()

    refused = await importer.run(find_original(older.root), ("other words",), apply=True)
    assert outcomes(refused)["plus"] == "skip"
    report = await importer.run(find_original(older.root), ("other words", "their words"), apply=True)

    assert outcomes(report)["plus"] == "take"
    assert vault.read("plus") == capture("plus")
    assert vault.aliases() == (["by-file", "plus"] if both else ["plus"])
    assert older.contents() == before


async def test_a_database_that_is_damaged_or_none_is_told(importer: Importer, older: OlderFolder) -> None:
    older.add_account("plus")
    older.database.write_bytes(b"no database at all, but long enough to be looked at " * 100)
    report = await importer.run(find_original(older.root), apply=True)
    assert outcomes(report) == {"plus": "take", "chatgpt-admin.sqlite": "skip"}
    assert "cannot be read" in details(report)["chatgpt-admin.sqlite"]


async def test_rows_that_are_still_in_the_write_ahead_log_count(importer: Importer, older: OlderFolder) -> None:
    older.add_picture(ONE, "heron.png")
    running = sqlite3.connect(older.database)
    try:
        running.execute("PRAGMA journal_mode=WAL")
        running.execute(
            "INSERT INTO artifacts SELECT ?, kind, filename, path, download_url, content_type, bytes, "
            "account, prompt, metadata_json, created_at FROM artifacts",
            [TWO],
        )
        running.commit()
        assert older.database.with_name("chatgpt-admin.sqlite-wal").stat().st_size > 0
        report = await importer.run(find_original(older.root), apply=True)
    finally:
        running.close()
    assert outcomes(report) == {ONE: "take", TWO: "take"}


async def test_a_database_without_the_table_holds_nothing(importer: Importer, older: OlderFolder) -> None:
    older.execute("DROP TABLE artifacts")
    older.add_account("plus")
    report = await importer.run(find_original(older.root), apply=True)
    assert outcomes(report) == {"plus": "take"}


async def test_files_that_no_row_names_are_counted(importer: Importer, older: OlderFolder) -> None:
    older.add_picture(ONE, "heron.png")
    for name in ("a.png", "b.png"):
        (older.root / "outputs/chatgpt-images" / name).write_bytes(png("blue"))
    report = await importer.run(find_original(older.root), apply=True)
    assert details(report)["outputs/chatgpt-images"] == "2 file(s) in it that no usable row names"


OLDER_LIMITS = {
    "version": 1,
    "concurrency": {
        "chat": {"plans": {"free": 1, "plus": 5, "gold": 3}, "accounts": {"mine": 4, "two words": 3}},
        "image": {"plans": {"pro": "many", "go": True}, "accounts": None},
        "research": {"plans": {"free": 0}},
        "upload": "none",
    },
    "warnings": [],
}


async def test_saved_limits_count_here_where_none_are_saved(
    importer: Importer, older: OlderFolder, store: Store
) -> None:
    older.save_limits(OLDER_LIMITS)
    told = await importer.run(find_original(older.root), apply=False)
    assert await store.read(recall_saved) == SavedLimits()
    assert (outcomes(told)["chat"], details(told)["chat"]) == ("take", "plus=5, mine=4")

    await importer.run(find_original(older.root), apply=True)
    saved = SavedLimits(
        plans={Bucket.CHAT: {"plus": 5}, Bucket.RESEARCH: {"free": 0}}, accounts={Bucket.CHAT: {"mine": 4}}
    )
    assert await store.read(recall_saved) == saved
    again = await importer.run(find_original(older.root), apply=True)
    bad = ("chat of 'gold'", "chat of 'two words'", "image of 'go'", "image of 'pro'")
    assert outcomes(again) == {"chat": "have", "research": "have", **dict.fromkeys(bad, "skip")}

    older.execute("DELETE FROM settings")
    older.save_limits({"concurrency": {"chat": {"plans": {"plus": 7}}}})
    other = await importer.run(find_original(older.root), apply=True)
    assert details(other) == {"chat": "plus=7; other limits are saved here"}
    assert await store.read(recall_saved) == saved


@pytest.mark.parametrize("stored", ["not json", "[1]", "{}", '{"concurrency": 3}', "[" * 100_000])
async def test_limits_that_cannot_be_read_cost_nothing_else(
    importer: Importer, older: OlderFolder, stored: str
) -> None:
    older.add_picture(ONE, "heron.png")
    older.save_limits(stored)
    report = await importer.run(find_original(older.root), apply=True)
    assert outcomes(report).pop(ONE) == "take"
    assert set(outcomes(report).values()) <= {"take", "skip"}


def test_a_folder_that_is_none_of_the_older_bridge_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportSourceError, match="neither captures nor a database"):
        find_original(tmp_path)
    with pytest.raises(ImportSourceError, match="is no folder"):
        find_original(tmp_path / "nowhere")
    with pytest.raises(ImportSourceError, match="is not there"):
        find_original(tmp_path, database=tmp_path / "nowhere.sqlite")


def test_parts_may_lie_in_other_places(tmp_path: Path) -> None:
    older = OlderFolder(tmp_path / "older")
    older.add_account("plus")
    assert find_original(older.accounts).accounts == older.accounts / "."
    assert find_original(older.root / "outputs").database == older.database
    found = find_original(tmp_path, accounts=older.accounts, database=older.database)
    assert (found.accounts, found.database) == (older.accounts, older.database)
    assert found.root == tmp_path.resolve()
