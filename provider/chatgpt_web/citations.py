"""A report's citation marks become footnotes and links (docs/protocol.md section 3.8)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from provider.chatgpt_web.stream.annotations import plain_text
from provider.chatgpt_web.stream.visible import as_object
from provider.interface.research import Source

_MARK = re.compile("[ \t]*(?:\ue200([^\ue200\ue201]*)\ue201|(\u3010[^\u3010\u3011]*\u2020[^\u3010\u3011]*\u3011))")
_UNCLOSED = re.compile("[ \t]*\ue200[^\ue201\n]*")
_FIELD = "\ue202"
_CITING = ("cite", "filecite")
_OWN_FOOTNOTE = re.compile(r"\[\^(\d+)\]")
_ESCAPED = {ord(" "): "%20", ord("("): "%28", ord(")"): "%29", ord("<"): "%3C", ord(">"): "%3E"}


def cited(text: str, facts: Mapping[str, Any]) -> tuple[str, tuple[Source, ...]]:
    """The report as Markdown, and its sources in the order of their footnotes.

    A citation whose source is known becomes a footnote, defined at the end; a link keeps its label and gets its
    address. All other marks go, with the blanks before them. Pages that upstream names as sources without citing them
    follow behind the footnotes' ones.

    Args:
        text: what upstream wrote.
        facts: the metadata of its message.
    """
    if not text.strip():
        return "", ()
    references = _References(facts)
    notes = _Footnotes(first=max((int(number) for number in _OWN_FOOTNOTE.findall(text)), default=0) + 1)
    body = plain_text(_UNCLOSED.sub("", _MARK.sub(_shown_by(references, notes), text))).rstrip()
    if notes.sources:
        body += "\n\n" + "\n".join(notes.definitions())
    uncited = [source for source in references.listed if source.url not in notes.numbers]
    return body, (*notes.sources, *_unique(uncited))


class _Footnotes:
    """Numbers sources in the order in which they are cited; `first` leaves the numbers alone that the text has."""

    def __init__(self, first: int) -> None:
        self._first = first
        self.numbers: dict[str, int] = {}
        self.sources: list[Source] = []

    def mark(self, source: Source) -> str:
        """The reference to a source."""
        if source.url not in self.numbers:
            self.numbers[source.url] = self._first + len(self.sources)
            self.sources.append(source)
        return f"[^{self.numbers[source.url]}]"

    def definitions(self) -> Iterator[str]:
        """A line for each source."""
        for source in self.sources:
            yield f"[^{self.numbers[source.url]}]: {_link(source.title or source.url, source.url)}"


class _References:
    """What the message's metadata knows of its marks.

    Attributes:
        listed: the pages that upstream lists as the report's sources.
    """

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self.listed: list[Source] = []
        self._by_mark: dict[str, list[Source]] = {}
        self._by_place: dict[tuple[int, int], list[Source]] = {}
        for reference in _objects(facts.get("content_references")):
            self._reference(reference)
        for citation in _objects(facts.get("citations")):
            self._citation(citation)
        for group in _objects(facts.get("search_result_groups")):
            for entry in _objects(group.get("entries")):
                self._add(_ref_name(entry.get("ref_id")), _source(entry))

    def of(self, mark: str, names: Iterable[str], start: int, end: int) -> list[Source]:
        """The sources of a mark that stands from `start` to `end`: by its whole text, its place, else its names."""
        found = self._by_mark.get(mark) or self._by_place.get((start, end))
        if found is None:
            found = [source for name in names for source in self._by_mark.get(name, ())]
        return _unique(found)

    def _reference(self, reference: dict[str, Any]) -> None:
        matched = reference.get("matched_text")
        for item in _objects(reference.get("items")) or [reference]:
            source = _source(item)
            self._add(matched.strip() if isinstance(matched, str) else None, source)
            for ref in _objects(item.get("refs")):
                self._add(_ref_name(ref), source)

    def _citation(self, citation: Mapping[str, Any]) -> None:
        facts = as_object(citation.get("metadata")) or citation
        source = _source(facts)
        if source is None:
            return
        self.listed.append(source)
        start, end = citation.get("start_ix"), citation.get("end_ix")
        if isinstance(start, int) and isinstance(end, int):
            self._by_place.setdefault((start, end), []).append(source)
        index = as_object(facts.get("extra")).get("cited_message_idx")
        if isinstance(index, int):
            self._add(f"\u3010{index}", source)
        matched = citation.get("matched_text")
        self._add(matched.strip() if isinstance(matched, str) else None, source)
        self._add(_ref_name(citation.get("ref_id")), source)

    def _add(self, name: str | None, source: Source | None) -> None:
        if name and source is not None:
            self._by_mark.setdefault(name, []).append(source)


def _shown_by(references: _References, notes: _Footnotes) -> Callable[[re.Match[str]], str]:
    def shown(found: re.Match[str]) -> str:
        whole = found[0].lstrip(" \t")
        blanks, start = found[0][: -len(whole)], found.end() - len(whole)
        if found[2] is not None:
            names = [found[2].partition("\u2020")[0].strip()]
            return "".join(notes.mark(source) for source in references.of(whole, names, start, found.end()))
        kind, *fields = found[1].split(_FIELD)
        if kind in _CITING:
            return "".join(notes.mark(source) for source in references.of(whole, fields, start, found.end()))
        if kind == "url" and fields:
            return blanks + _labelled(fields, references.of(whole, fields[1:], start, found.end()))
        return plain_text(found[0])

    return shown


def _labelled(fields: list[str], sources: list[Source]) -> str:
    label, *names = fields
    address = next((name for name in names if _is_link(name)), sources[0].url if sources else None)
    return _link(label, address) if address else label


def _link(label: str, url: str) -> str:
    words = " ".join(label.split()).replace("[", "(").replace("]", ")")
    return f"[{words}]({url.translate(_ESCAPED)})"


def _source(item: Mapping[str, Any]) -> Source | None:
    url, title = item.get("url"), item.get("title")
    if not isinstance(url, str) or not _is_link(url):
        return None
    return Source(url, " ".join(title.split()) if isinstance(title, str) else "")


def _is_link(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def _ref_name(ref: object) -> str | None:
    """`turn0search3` of its three parts."""
    fields = as_object(ref)
    turn, kind, index = fields.get("turn_index"), fields.get("ref_type"), fields.get("ref_index")
    return f"turn{turn}{kind}{index}" if isinstance(turn, int) and isinstance(kind, str) else None


def _unique(sources: Iterable[Source]) -> list[Source]:
    return list({source.url: source for source in reversed(list(sources))}.values())[::-1]


def _objects(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
