"""One server for all that is thrown at it, so that what one request leaves behind meets the next."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog

from api import attempts
from tests.fakes.server import Served
from tests.fakes.serving import threaded_server


@pytest.fixture(autouse=True, scope="session")
def _short_tracebacks() -> Iterator[None]:
    """structlog's default shows every local variable of a traceback, which takes seconds."""
    structlog.configure(processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()])
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with one account, in a thread; wrong keys are not held back."""
    with pytest.MonkeyPatch.context() as patch, threaded_server(tmp_path_factory.mktemp("fuzzed")) as served:
        patch.setattr(attempts, "_LONGEST_DELAY_SECONDS", 0.0)
        yield served
