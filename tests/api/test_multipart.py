"""Forms: what a client meant, and a refusal of everything that is none."""

from __future__ import annotations

import pytest

from api.multipart import FormStream, Part, boundary_of, parts_of
from core.errors import InvalidRequestError, RequestTooLargeError

START = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n'


def form(*fields: bytes) -> bytes:
    return b"".join(b"--b\r\n" + field + b"\r\n" for field in fields) + b"--b--\r\n"


@pytest.mark.parametrize(
    ("given", "boundary"),
    [
        ("multipart/form-data; boundary=abc", b"abc"),
        ('Multipart/Form-Data; charset=utf-8; boundary="a b:c"', b"a b:c"),
        ("multipart/form-data", None),
        ("multipart/form-data; boundary=", None),
        (f"multipart/form-data; boundary={'x' * 71}", None),
        ("multipart/mixed; boundary=abc", None),
        ("application/json", None),
    ],
)
def test_the_boundary_is_read_from_the_type(given: str, boundary: bytes | None) -> None:
    assert boundary_of(given) == boundary


def test_fields_and_files_come_in_their_order_and_unchanged() -> None:
    content = form(
        b'Content-Disposition: form-data; name="prompt"\r\n\r\nA h\xc3\xa9ron\r\n in two lines',
        b'content-disposition: form-data; name="image[]"; filename="a.png"\r\nX: y\r\n\r\n\r\n\r\n--in\x00',
        b'Content-Disposition: form-data; name="image[]"; filename=""\r\n\r\n',
    )

    first, second, third = parts_of(content, b"b")

    assert (first.name, first.text, first.filename) == ("prompt", "A héron\r\n in two lines", None)
    assert second == Part("image[]", b"\r\n\r\n--in\x00", "a.png")
    assert third == Part("image[]", b"", "")


@pytest.mark.parametrize(
    "header",
    [
        'form-data; name="image"; filename="a \\"b\\".png"',
        "form-data; filename*=UTF-8''a%20%22b%22.png; name=image",
    ],
)
def test_a_file_name_is_read_as_it_was_meant(header: str) -> None:
    (part,) = parts_of(form(f"Content-Disposition: {header}\r\n\r\nx".encode()), b"b")

    assert part == Part("image", b"x", 'a "b".png')


def test_no_fields_are_no_fields() -> None:
    assert parts_of(b"--b--\r\n", b"b") == ()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"--b",
        b"--b\r\n",
        b"--bc\r\n",
        START + b"x",
        START + b"x\r\n--b",
        b"--b\r\n\r\nx\r\n--b--",
        b"--b\r\nno header\r\n\r\nx\r\n--b--",
        b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--",
        b'--b\r\nContent-Disposition: attachment; name="a"\r\n\r\nx\r\n--b--',
        b'--b\r\nContent-Disposition: form-data; name="a\x00"\r\n\r\nx\r\n--b--',
        START[:-2] + b"Content-Transfer-Encoding: base64\r\n\r\nx\r\n--b--",
        b"--b\r\nX: " + b"x" * 9000 + b"\r\n\r\nx\r\n--b--",
        (START + b"x\r\n") * 101 + b"--b--",
    ],
)
def test_what_is_no_form_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidRequestError, match="malformed"):
        parts_of(content, b"b")


def test_a_field_that_is_not_text_names_itself() -> None:
    with pytest.raises(InvalidRequestError) as refusal:
        _ = Part("prompt", b"\xff").text

    assert refusal.value.param == "prompt"


UPLOAD = form(
    b'Content-Disposition: form-data; name="purpose"\r\n\r\nvision',
    b'Content-Disposition: form-data; name="file"; filename="a.bin"\r\nContent-Type: a/b\r\n\r\n\r\n--b-\r\n\x00',
    b'Content-Disposition: form-data; name="file"\r\n\r\ntext',
)


@pytest.mark.parametrize("size", range(1, len(UPLOAD) + 1))
def test_a_file_is_handed_on_as_it_comes_however_the_form_is_cut(size: int) -> None:
    stream, content = FormStream(b"b", file_field="file", most_bytes=20), b""
    for start in range(0, len(UPLOAD), size):
        content += b"".join(stream.feed(UPLOAD[start : start + size]))

    assert content == b"\r\n--b-\r\n\x00"
    assert stream.close() == (
        Part("purpose", b"vision"),
        Part("file", b"", "a.bin", "a/b"),
        Part("file", b"text"),
    )


def test_a_form_that_is_read_as_it_comes_has_an_end_and_is_small_beside_its_file() -> None:
    stream = FormStream(b"b", file_field="file", most_bytes=9)
    with pytest.raises(RequestTooLargeError):
        stream.feed(UPLOAD)
    cut = FormStream(b"b", file_field="file", most_bytes=20)
    cut.feed(UPLOAD[:-4])

    with pytest.raises(InvalidRequestError, match="last boundary"):
        cut.close()
    with pytest.raises(InvalidRequestError):
        FormStream(b"b", file_field="file", most_bytes=20).feed(b"nothing of a form")
