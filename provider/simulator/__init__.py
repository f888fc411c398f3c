"""The offline upstream: ChatGPT Web's protocol over real sockets, with accounts, faults and pictures of its own.

`start` runs one in the current event loop, `serve` as a process. It listens on loopback only and contacts nobody.
docs/simulator.md is its manual.
"""

from provider.simulator.admin import BadSettingError
from provider.simulator.config import DEFAULT_ACCOUNTS, SimulatorConfig, parse_accounts
from provider.simulator.faults import BadRuleError
from provider.simulator.scripted import BadScriptError, Script
from provider.simulator.server import Simulator, serve, start

__all__ = [
    "DEFAULT_ACCOUNTS",
    "BadRuleError",
    "BadScriptError",
    "BadSettingError",
    "Script",
    "Simulator",
    "SimulatorConfig",
    "parse_accounts",
    "serve",
    "start",
]
