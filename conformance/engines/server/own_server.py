"""A server of our own: its settings, whether it is ready, and what its log says when it is not."""

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

#: Seconds until a server that does not get ready is given up.
READY_TIMEOUT = 30

#: Speed at the price of a crash of the machine losing the data, which nobody wants then; a
#: background worker for the scheduler of many databases; and no calls home.
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
    """Why the server does not serve yet, without a full stop; None if it does.

    Args:
        without: a process that was killed, which the server must have forgotten.
    """
    try:
        with connect(url) as connection:
            remembers = connection.scalar(_COUNT_PROCESSES, {"pid": without})
    except (EngineUnavailable, DBAPIError) as error:
        return str(getattr(error, "problem", "it closes connections")).rstrip(".")
    return "it does not notice that a process was killed" if remembers else None


def telling_line(log: str) -> str:
    """The line that says what went wrong: of a full disk, else of the last error, else the last."""
    lines = [line.strip() for line in reversed(log.splitlines()) if line.strip()] or ["nothing"]
    full = (line for line in lines if NO_SPACE in line)
    return next(chain(full, filter(_ERROR.search, lines), lines))
