"""`chatgpt-api migrate`."""

from __future__ import annotations


def migrate() -> None:
    """Bring the data folder up to date.

    Makes the folders, migrates the database and sees whether the key opens the captures. Every process does this by
    itself when it starts; `up` does it once, before it starts any.
    """
    from core.settings import load_all

    settings = load_all()
    from bridge.build import prepare  # only now: a bad setting is said at once
    from core.logging import configure

    configure(process="migrate", level=settings.logs.level, style=settings.logs.format)
    prepare(settings)
