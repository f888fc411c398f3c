"""The HTTP side of a stream, plain or misshapen."""

from __future__ import annotations

from aiohttp import web

from provider.simulator import wire
from provider.simulator.running import LegEndedError
from provider.simulator.scenarios import Scenario


class HttpSink:
    """Writes a turn's events to its response, one write a batch of events."""

    def __init__(self, response: web.StreamResponse) -> None:
        self._response = response

    async def write(self, data: bytes) -> None:
        """Send whole events."""
        await self._response.write(data)

    def cut(self, *, reset: bool) -> None:
        """End the stream here.

        Raises:
            LegEndedError: always.
        """
        raise LegEndedError(reset=reset)


class MisshapenSink(HttpSink):
    """Sends events in CRLF lines, byte by byte, or with a comment line before each."""

    def __init__(self, response: web.StreamResponse, scenario: Scenario) -> None:
        super().__init__(response)
        self._comments = scenario.keepalives is not None
        self._crlf = scenario.crlf
        self._bytewise = scenario.bytewise

    async def write(self, data: bytes) -> None:
        """Send whole events in the scenario's shape."""
        if self._comments:
            events = data.split(b"\n\n")[:-1]
            data = b"".join(wire.COMMENT + event + b"\n\n" for event in events)
        if self._crlf:
            data = data.replace(b"\n", b"\r\n")
        if not self._bytewise:
            await super().write(data)
            return
        for index in range(len(data)):
            await super().write(data[index : index + 1])


def sink_for(response: web.StreamResponse, scenario: Scenario) -> HttpSink:
    """The sink a scenario wants."""
    if scenario.crlf or scenario.bytewise or scenario.keepalives is not None:
        return MisshapenSink(response, scenario)
    return HttpSink(response)
