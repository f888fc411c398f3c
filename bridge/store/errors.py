"""A driver's exception becomes the store's."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from core.errors import StoreError


@contextmanager
def store_errors() -> Iterator[None]:
    """Turn what the database or its driver refuses inside the block into `StoreError`; anything else passes."""
    try:
        yield
    except (DBAPIError, PoolTimeoutError, sqlite3.Error) as error:
        reason = error.orig if isinstance(error, DBAPIError) else error
        raise StoreError(f"the database refused: {reason}") from error
