"""What the menu offers, and what each entry asks for before its command runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cli import output
from cli.menu.asking import answer, chosen
from cli.options import connect

_BACK = "back"
_EVERY = "all"
_LIST = ["account", "list"]
"""Says that there are no accounts, or why nobody knows."""


@dataclass(frozen=True)
class Where:
    """The bridge that the menu is about; `None` is what the commands take by themselves."""

    base_url: str | None
    api_key: str | None

    def options(self) -> list[str]:
        """The same as options of a command."""
        given = (("--base-url", self.base_url), ("--api-key", self.api_key))
        return [word for name, value in given if value is not None for word in (name, value)]

    def aliases(self) -> list[str]:
        """The accounts of the bridge; none where it does not answer, which the command will say."""
        from integrations.client import ClientError

        try:
            with connect(self.base_url, self.api_key) as client:
                return [account.alias for account in client.account.all().data]
        except ClientError:
            return []


Ask = Callable[[Where], list[str] | None]


@dataclass(frozen=True)
class Entry:
    """A line of the menu.

    Attributes:
        arguments: asks for the rest and says which command runs; `None` when it is called off.
        calls: the command calls the bridge.
    """

    group: str
    title: str
    arguments: Ask
    calls: bool = True


def _plain(*arguments: str) -> Ask:
    return lambda where: list(arguments)


def _verify(where: Where) -> list[str]:
    alias = chosen("Which account", [*where.aliases(), _EVERY], default=_EVERY)
    return ["admin", "check-accounts", "--account", alias]


def _add(where: Where) -> list[str] | None:
    there = where.aliases()
    free = next(f"account-{number}" for number in range(1, len(there) + 2) if f"account-{number}" not in there)
    while (alias := answer(f"Name of the new account, or {_BACK}", default=free)) in there:
        output.note(f"There is an account {alias!r} already; entry 9 gives it a newer capture.")
    return None if alias == _BACK else ["account", "add", alias, *_capture()]


def _update(where: Where) -> list[str] | None:
    aliases = where.aliases()
    if not aliases:
        return _LIST
    alias = chosen(f"Which account, or {_BACK}", aliases, also=(_BACK,))
    return None if alias == _BACK else ["account", "update", alias, *_capture()]


def _capture() -> list[str]:
    if answer("Where is the copied request, paste or file", default="paste").lower() != "file":
        return ["--paste"]
    return ["--capture-file", answer("Path of the file")]


def _delete(where: Where) -> list[str] | None:
    aliases = where.aliases()
    if not aliases:
        return _LIST
    alias = chosen(f"Which account, or {_BACK}", aliases, also=(_BACK,))
    if alias == _BACK or answer(f"Type DELETE to remove {alias!r} and its captures", default=_BACK) != "DELETE":
        return None
    return ["account", "delete", alias, "--yes"]


def _try_chat(where: Where) -> list[str]:
    message = answer("What to say", default="Say hello in one short sentence.")
    return ["admin", "test-chat", "--message", message, "--model", answer("Model", default="auto")]


def _try_image(where: Where) -> list[str] | None:
    prompt = answer(f"What to draw (this spends quota), or {_BACK}")
    if prompt == _BACK:
        return None
    arguments = ["admin", "test-image", "--prompt", prompt, "--model", answer("Model", default="auto")]
    folder = answer("Folder to save it in; - leaves it on the server", default="-")
    return arguments if folder == "-" else [*arguments, "--output-dir", folder]


def _explain(where: Where) -> list[str]:
    kind = answer("What would it be: chat, image, edit, vision, research or response", default="chat")
    return ["route", "explain", "--kind", kind, "--model", answer("Model", default="auto")]


ENTRIES = (
    Entry("Observe", "Doctor", _plain("doctor")),
    Entry("Observe", "Status", _plain("admin", "status")),
    Entry("Observe", "Capacity", _plain("admin", "capacity")),
    Entry("Observe", "Usage", _plain("usage")),
    Entry("Observe", "Models", _plain("admin", "models")),
    Entry("Accounts", "List accounts", _plain(*_LIST)),
    Entry("Accounts", "Verify accounts", _verify),
    Entry("Accounts", "Add an account", _add),
    Entry("Accounts", "Give an account a newer capture", _update),
    Entry("Accounts", "Delete an account", _delete),
    Entry("Use", "Kept files", _plain("admin", "artifacts", "--limit", "25")),
    Entry("Use", "Try a chat", _try_chat),
    Entry("Use", "Try a picture", _try_image),
    Entry("Use", "Explain where a request would go", _explain),
    Entry("Use", "Commands to start the bridge with", _plain("admin", "presets"), calls=False),
)
