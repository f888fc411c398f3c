"""What a file is."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from bridge.files.kinds import HEAD_BYTES, UNKNOWN, content_type_of
from tests.fakes.upstream import png


def encoded(kind: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (4, 4)).save(out, kind)
    return out.getvalue()


OFFICE = "application/vnd.openxmlformats-officedocument"


@pytest.mark.parametrize(
    ("head", "name", "declared", "kind"),
    [
        (png(), "a.txt", "text/plain", "image/png"),
        (encoded("JPEG"), "", "", "image/jpeg"),
        (encoded("GIF"), "", "", "image/gif"),
        (encoded("WEBP"), "", "", "image/webp"),
        (b"%PDF-1.7\n%\xe2\xe3", "a.pdf", "", "application/pdf"),
        (b"PK\x03\x04\x00", "a.DOCX", "application/zip", f"{OFFICE}.wordprocessingml.document"),
        (b"PK\x03\x04\x00", "a.xlsx", "", f"{OFFICE}.spreadsheetml.sheet"),
        (b"PK\x03\x04\x00", "a.bin", "", "application/zip"),
        (b"# Title", "a.md", "application/octet-stream", "text/markdown"),
        (b'{"a": 1}', "a.json", "", "application/json"),
        (b"a,b\n", "a.csv", "", "text/csv"),
        ("ม้า".encode(), "notes", "", "text/plain"),
        (b"<p>", "a.html", "", "text/html"),
        (b"print()", "a.py", "text/x-python", "text/x-python"),
        (b"\x00\x01\x02", "a.bin", "application/x-thing; q=1", "application/x-thing"),
        (b"\x00\x01\x02", "a.bin", "image/png", UNKNOWN),
        (b"\x00\x01\x02", "a.bin", "text/html", UNKNOWN),
        (b"\x00\x01\x02", "a.bin", "not a type", UNKNOWN),
        (b"\xff\xfe", "a.txt", "", UNKNOWN),
    ],
)
def test_bytes_count_more_than_names_and_those_more_than_words(
    head: bytes, name: str, declared: str, kind: str
) -> None:
    assert content_type_of(head, name, declared) == kind


def test_a_letter_that_the_head_cuts_is_a_letter_all_the_same() -> None:
    words = ("é" * HEAD_BYTES).encode()[1:]

    assert content_type_of(("a" + "é" * HEAD_BYTES).encode()[:HEAD_BYTES], "a.txt") == "text/plain"
    assert content_type_of(words[:HEAD_BYTES], "a.txt") == UNKNOWN
    assert content_type_of("é".encode()[:1], "a.txt") == UNKNOWN
