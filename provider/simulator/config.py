"""How a simulator is started."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from core.errors import SettingError

DEFAULT_ACCOUNTS = ("free", "plus", "pro")
ImageMode = Literal["async", "inline"]

_REAL_ORIGINS = ("chatgpt.com", "openai.com", "oaiusercontent.com")
_TIMES = re.compile(r"^\s*([a-z][a-z0-9_-]*)\s*(?:[x*×]\s*(\d+))?\s*$", re.IGNORECASE)
_MOST_ACCOUNTS = 256


@dataclass(frozen=True, slots=True)
class SimulatorConfig:
    """What one simulator is.

    Attributes:
        host: the address to listen on; a loopback address or `localhost`, nothing else.
        port: the port to listen on; 0 takes any free one.
        accounts: one plan an account, in order (`free`, `plus`, `pro`, ...). Aliases are the plan's name, the second of
            a plan is `plus-2`. `parse_accounts` reads the short form `"free, plus x 16, pro"`.
        seed: decides answers, pictures, ids and credentials. Two simulators with one seed accept each other's captures.
        time_scale: multiplies every duration that a scenario simulates (image work, pauses, slow answers). 0.1 is ten
            times faster. Network delay (`rtt_ms`) and the life of tokens, slots and links are not scaled.
        rtt_ms: one network round trip in milliseconds: half is waited before a request is looked at, half before its
            answer begins.
        delta_ms: pause between two pieces of an answer's text, in milliseconds, scaled. 0 sends them at once.
        deltas: into how many pieces an answer's text is cut.
        image: how a picture arrives that no scenario says anything about: `async` (placeholder, then polling) or
            `inline` (in the turn's own stream).
        image_seconds: how long a picture takes upstream, scaled.
        difficulty: the proof of work asked for, a lower-case hex prefix; the empty string asks for none.
        base_url: the origin clients reach the simulator at, when it is not the one it listens on. Loopback only.
    """

    host: str = "127.0.0.1"
    port: int = 0
    accounts: tuple[str, ...] = DEFAULT_ACCOUNTS
    seed: int = 1
    time_scale: float = 1.0
    rtt_ms: float = 0.0
    delta_ms: float = 0.0
    deltas: int = 20
    image: ImageMode = "async"
    image_seconds: float = 2.0
    difficulty: str = "0fffff"
    base_url: str | None = None

    def check(self) -> None:
        """Refuse what a simulator must never be.

        Raises:
            SettingError: the host or base URL is not loopback, or a number is out of range.
        """
        if not is_loopback(self.host):
            raise SettingError(f"the simulator listens on loopback addresses only, not on {self.host!r}")
        if self.base_url is not None:
            _check_base_url(self.base_url)
        if not self.accounts or len(self.accounts) > _MOST_ACCOUNTS:
            raise SettingError(f"the simulator needs 1 to {_MOST_ACCOUNTS} accounts, not {len(self.accounts)}")
        if not 0 <= self.port <= 65535:
            raise SettingError(f"the simulator's port is 0 to 65535, not {self.port}")
        if min(self.time_scale, self.rtt_ms, self.delta_ms, self.image_seconds) < 0:
            raise SettingError("the simulator's times cannot be negative")
        if self.deltas < 1:
            raise SettingError("the simulator's answers need at least one delta")
        if not re.fullmatch(r"[0-9a-f]*", self.difficulty):
            raise SettingError(f"the simulator's proof difficulty is lower-case hex, not {self.difficulty!r}")


def parse_accounts(text: str) -> tuple[str, ...]:
    """Read `"free, plus x 16, pro"` as one plan an account, in order.

    Raises:
        SettingError: an item is not a plan name, optionally followed by `x` and a number.
    """
    plans: list[str] = []
    for item in text.split(","):
        match = _TIMES.match(item)
        if match is None:
            raise SettingError(f"simulator accounts are plans such as 'free, plus x 16, pro', not {item.strip()!r}")
        plans.extend([match[1].lower()] * int(match[2] or 1))
    return tuple(plans)


def is_loopback(host: str) -> bool:
    """Whether `host` is `localhost` or a loopback address; names are not looked up."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_base_url(base_url: str) -> None:
    host = (urlsplit(base_url).hostname or "").lower()
    if any(host == real or host.endswith(f".{real}") for real in _REAL_ORIGINS):
        raise SettingError(f"the simulator never stands before or behind the real backend ({host})")
    if not is_loopback(host):
        raise SettingError(f"the simulator's base URL is a loopback address, not {base_url!r}")
