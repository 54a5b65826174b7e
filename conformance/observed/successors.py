"""Read TimescaleDB's newer views where they exist, and the older ones below.

Source: release notes of TimescaleDB 2.18.0 and 2.24.0, "Deprecations".
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from sqlalchemy import text

from conformance.observed.asked_once import once

if TYPE_CHECKING:
    from sqlalchemy import Connection

_INFORMATION = "timescaledb_information"
#: Deprecated views and the views with the same columns.
_SUCCESSORS = {
    "hypertable_compression_settings": "hypertable_columnstore_settings",
    "chunk_compression_settings": "chunk_columnstore_settings",
}
#: The deprecated view without a successor that has its columns.
_WITHOUT_SUCCESSOR = "compression_settings"
_VIEWS = text(
    "SELECT c.relname FROM pg_catalog.pg_class c"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    f" WHERE n.nspname = '{_INFORMATION}'"
)


#: The table of jobs, and where versions before 2.28 have it: there a view is now, without xmin.
_JOBS, _OLD_JOBS = "_timescaledb_catalog.bgw_job", "_timescaledb_config.bgw_job"
_OLDER = text(f"SELECT pg_catalog.to_regclass('{_JOBS}') IS NULL")


def for_this_server(connection: Connection, sql: str) -> str:
    """The statement with the relations that the connection's server has."""
    if _JOBS in sql and once(connection, _JOBS, lambda: connection.scalar(_OLDER)):
        sql = sql.replace(_JOBS, _OLD_JOBS)
    names = (*_SUCCESSORS, _WITHOUT_SUCCESSOR)
    used = [name for name in names if f"{_INFORMATION}.{name}" in sql]
    if not used:
        return sql
    views = once(connection, _INFORMATION, lambda: set(connection.scalars(_VIEWS)))
    for name in used:
        old = f"{_INFORMATION}.{name}"
        successor = _SUCCESSORS.get(name)
        if successor in views:
            sql = sql.replace(old, f"{_INFORMATION}.{successor}")
        elif successor is None and name not in views:
            sql = sql.replace(old, f"({_settings()}) AS {name}")
    return sql


@cache
def _settings() -> str:
    return (files("conformance.observed") / "sql/compression_settings.sql").read_text("utf-8")
