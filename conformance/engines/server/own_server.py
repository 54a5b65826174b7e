"""A server that an engine starts: its settings, whether it is ready, the error in its log."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from conformance.engines.connecting import connect
from conformance.errors import EngineUnavailable

if TYPE_CHECKING:
    from sqlalchemy import URL

#: Seconds to wait until a server is ready.
READY_TIMEOUT = 30

#: Settings for speed: a crash of the machine may lose the data, which nobody needs afterwards. Many
#: background workers: each database has a scheduler. No telemetry.
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "200",
    "max_worker_processes": "64",
    "max_locks_per_transaction": "256",
    "timescaledb.max_background_workers": "40",
    "timescaledb.telemetry_level": "off",
}

NO_SPACE = "No space left on device"
_ERROR = re.compile(r"\b(error|fatal|panic)\b", re.IGNORECASE)
_COUNT_PROCESSES = text("SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE pid = :pid")


def why_not_ready(url: URL, *, without: int | None = None) -> str | None:
    """Why the server is not ready, without a full stop; None if it is.

    Args:
        without: a process that was killed; the server must have noticed that.
    """
    try:
        with connect(url) as connection:
            remembers = connection.scalar(_COUNT_PROCESSES, {"pid": without})
    except (EngineUnavailable, DBAPIError) as error:
        return str(getattr(error, "problem", "the server closes connections")).rstrip(".")
    return "the server has not noticed yet that a process was killed" if remembers else None


def error_line(log: str) -> str:
    """The line of a log that says what failed: a full disk, else the last error, else the last."""
    lines = [line.strip() for line in reversed(log.splitlines()) if line.strip()] or ["nothing"]
    full = (line for line in lines if NO_SPACE in line)
    return next(chain(full, filter(_ERROR.search, lines), lines))
