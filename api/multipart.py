"""Forms with files: `multipart/form-data` as RFC 7578 has it."""

from __future__ import annotations

from dataclasses import dataclass, field
from email.message import Message
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser

from core.errors import InvalidRequestError, RequestTooLargeError

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_MOST_PARTS = 100
_PLAIN = frozenset({"", "7bit", "8bit", "binary"})


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a form. `filename` is `None` for a field that is no file; `content_type` is as it was said."""

    name: str
    content: bytes = field(repr=False)
    filename: str | None = None
    content_type: str = ""

    @property
    def text(self) -> str:
        """The field's value.

        Raises:
            InvalidRequestError: it is not UTF-8.
        """
        try:
            return self.content.decode("utf-8")
        except UnicodeDecodeError:
            raise InvalidRequestError(f"`{self.name}` is not valid UTF-8.", param=self.name) from None


def boundary_of(content_type: str) -> bytes | None:
    """The boundary of a form's content type; `None` when the type is not a form's, or names none."""
    message = Message()
    message["content-type"] = content_type
    if message.get_content_type() != "multipart/form-data":
        return None
    given = message.get_param("boundary")
    if not isinstance(given, str) or not 0 < len(given) <= 70 or not given.isascii():
        return None
    return given.encode("ascii")


def parts_of(content: bytes, boundary: bytes) -> tuple[Part, ...]:
    """The fields of a form in their order.

    Raises:
        InvalidRequestError: the form is malformed, or has too many fields.
    """
    fields = _Fields()
    parser = MultipartParser(boundary, fields.callbacks())
    try:
        parser.write(content)
        parser.finalize()
    except FormParserError as error:
        raise _malformed(str(error)) from None
    if not fields.complete:
        raise _malformed("it ends before its last boundary")
    return tuple(fields.found)


class FormStream:
    """A form that is read as it comes, and whose one file is handed on instead of being kept in memory.

    Args:
        file_field: the field that brings the file; its part has no content.
        most_bytes: of all other fields together.
    """

    def __init__(self, boundary: bytes, *, file_field: str, most_bytes: int) -> None:
        self._fields = _Fields(file_field=file_field, most_bytes=most_bytes)
        self._parser = MultipartParser(boundary, self._fields.callbacks())

    def feed(self, chunk: bytes) -> list[bytes]:
        """Read on; what of the file came.

        Raises:
            InvalidRequestError: the form is malformed, or has too many fields.
            RequestTooLargeError: its other fields are too large.
        """
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise _malformed(str(error)) from None
        return self._fields.taken()

    def close(self) -> tuple[Part, ...]:
        """The fields in their order, once all of the form has come.

        Raises:
            InvalidRequestError: it ends before its last boundary.
        """
        if not self._fields.complete:
            raise _malformed("it ends before its last boundary")
        return tuple(self._fields.found)


class _Fields:
    """Collects what the parser comes across. `complete`: the form's last boundary was there."""

    def __init__(self, *, file_field: str | None = None, most_bytes: int | None = None) -> None:
        self.found: list[Part] = []
        self.complete = False
        self._file_field = file_field
        self._left = most_bytes
        self._file_pieces: list[bytes] = []
        self._in_file = False
        self._headers: list[tuple[str, str]] = []
        self._name = self._value = b""
        self._pieces: list[bytes] = []

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._more_name,
            "on_header_value": self._more_value,
            "on_header_end": self._header,
            "on_headers_finished": self._headed,
            "on_part_data": self._more,
            "on_part_end": self._end,
            "on_end": self._last,
        }

    def _begin(self) -> None:
        if len(self.found) == _MOST_PARTS:
            raise _malformed(f"it has more than {_MOST_PARTS} fields")
        self._headers, self._pieces = [], []

    def _more_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _more_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header(self) -> None:
        self._headers.append((_text(self._name), _text(self._value)))
        self._name = self._value = b""

    def taken(self) -> list[bytes]:
        """What of the file came since the last time."""
        pieces, self._file_pieces = self._file_pieces, []
        return pieces

    def _headed(self) -> None:
        if self._file_field is not None:
            head = _part(self._headers, b"")
            self._in_file = head.name == self._file_field and head.filename is not None

    def _more(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            self._file_pieces.append(data[start:end])
            return
        self._pieces.append(data[start:end])
        if self._left is not None:
            self._left -= end - start
            if self._left < 0:
                raise RequestTooLargeError("The form's fields beside the file are too large.")

    def _end(self) -> None:
        self.found.append(_part(self._headers, b"".join(self._pieces)))

    def _last(self) -> None:
        self.complete = True


def _part(given: list[tuple[str, str]], content: bytes) -> Part:
    headers = Message()
    for name, value in given:
        if not value.isprintable():
            raise _malformed("a field's header is none")
        headers[name] = value
    if str(headers.get("content-transfer-encoding", "")).strip().lower() not in _PLAIN:
        raise _malformed("a field is encoded; forms carry files as they are")
    field_name = headers.get_param("name", header="content-disposition")
    if headers.get_content_disposition() != "form-data" or not isinstance(field_name, str) or not field_name:
        raise _malformed("a field has no name")
    return Part(field_name, content, headers.get_filename(), str(headers.get("content-type", "")))


def _text(header: bytes) -> str:
    try:
        return header.decode("utf-8")
    except UnicodeDecodeError:
        return header.decode("latin-1")


def _malformed(why: str) -> InvalidRequestError:
    return InvalidRequestError(f"The form is malformed: {why}.")
