"""The one log configuration: structlog's events and every library's records, through one redacting formatter."""

from __future__ import annotations

import logging
import logging.handlers
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import structlog

from core.redaction import redact, redact_text

_ROTATE_BYTES = 5 * 1024 * 1024
_ROTATE_KEEP = 3
_QUIET = ("asyncio", "aiohttp.access", "uvicorn.access", "httpx2", "httpcore2", "websockets", "alembic")


def configure(
    *, process: str, level: str = "info", style: Literal["auto", "console", "json"] = "auto", file: Path | None = None
) -> None:
    """Send every log line of this process to stderr, or to `file`, which is rotated at 5 MiB and kept three times.

    Lines hold a time, a level, the event, the ids bound by `bound` and the process's name. Credentials are removed by
    name and by shape from events, fields and tracebacks, whichever logger they come from.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _named(process),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = _handler(file)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _redacted,
                _renderer(style, file),
            ],
        )
    )
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger whose lines are snake_case events with fields: `log.info("lease_taken", account=alias)`."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


@contextmanager
def bound(**ids: str) -> Iterator[None]:
    """Put ids (`request_id`, `operation_id`, `workflow_id`, ...) on every line logged inside the block."""
    with structlog.contextvars.bound_contextvars(**ids):
        yield


def _handler(file: Path | None) -> logging.Handler:
    if file is None:
        return logging.StreamHandler(sys.stderr)
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file.touch(mode=0o600)
    return logging.handlers.RotatingFileHandler(
        file, maxBytes=_ROTATE_BYTES, backupCount=_ROTATE_KEEP, encoding="utf-8"
    )


def _named(process: str) -> Any:
    def add(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event.setdefault("process", process)
        return event

    return add


def _redacted(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    clean: MutableMapping[str, Any] = redact(dict(event))
    if "exception" in clean:
        clean["exception"] = redact_text(str(clean["exception"]))
    return clean


def _renderer(style: str, file: Path | None) -> Any:
    people = style == "console" or (style == "auto" and file is None and sys.stderr.isatty())
    if people:
        return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    return structlog.processors.JSONRenderer(default=str, ensure_ascii=False)
