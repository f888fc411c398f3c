"""Which headers go with which call, and the cookies that rotate (docs/protocol.md sections 1.5 and 1.11)."""

from __future__ import annotations

from collections.abc import Mapping

from provider.chatgpt_web.capture.cookies import apply_update, cookie_header
from provider.chatgpt_web.capture.model import Capture

_PER_CALL = frozenset(("accept", "content-type", "cookie", "x-conduit-token", "x-oai-turn-trace-id"))
_SOCKET = frozenset(
    """
    authorization user-agent oai-device-id oai-session-id oai-client-version oai-client-build-number oai-language origin
    referer
    """.split()
)
_IMAGE = frozenset(("authorization", "user-agent", "origin", "referer"))
_IMAGE_TYPES = "image/avif,image/webp,image/png,image/*;q=0.8,*/*;q=0.5"


class Profiles:
    """A capture's headers as each kind of call carries them. Cookies are kept fresh in memory only."""

    def __init__(self, capture: Capture) -> None:
        headers = capture.headers
        self._cookies = dict(capture.cookies)
        self._cookie = cookie_header(self._cookies)
        plain = {name: value for name, value in headers.items() if not name.startswith("openai-sentinel-")}
        self._json = {name: value for name, value in plain.items() if name not in _PER_CALL} | {"accept": "*/*"}
        traced = {name: value for name, value in plain.items() if name == "x-oai-turn-trace-id"}
        self._turn = self._json | traced | {"accept": "text/event-stream", "content-type": "application/json"}
        self._image = _only(headers, _IMAGE) | {"accept": _IMAGE_TYPES}
        self._foreign_image = _only(headers, frozenset(("user-agent",))) | {"accept": _IMAGE_TYPES}
        self._blob = {"x-ms-blob-type": "BlockBlob", "x-ms-version": "2020-04-08"}
        self._blob |= _only(headers, frozenset(("origin",)))
        self.socket: Mapping[str, str] = _only(headers, _SOCKET) | {"accept": "application/json"}

    def json(self, more: Mapping[str, str]) -> dict[str, str]:
        """Of a small call on the base origin; `more` goes before what the capture says."""
        return {**self._json, "cookie": self._cookie, **more}

    def turn(self, more: Mapping[str, str]) -> dict[str, str]:
        """Of a turn's POST; `more` are its fresh tokens."""
        return {**self._turn, "cookie": self._cookie, **more}

    def blob(self, mime_type: str) -> dict[str, str]:
        """Of an upload's bytes: nothing of the account."""
        return {**self._blob, "content-type": mime_type}

    def image(self, *, own: bool) -> dict[str, str]:
        """Of a picture's bytes; credentials only where the address is on the base origin, `own`."""
        return {**self._image, "cookie": self._cookie} if own else dict(self._foreign_image)

    def learn(self, name: str, value: str) -> None:
        """Take over what a response header of the base origin says of cookies; other headers say nothing."""
        apply_update(self._cookies, name, value)
        self._cookie = cookie_header(self._cookies)


def _only(headers: Mapping[str, str], names: frozenset[str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name in names}
