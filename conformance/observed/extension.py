"""TimescaleDB: version, edition, and whether it is in restoring mode; and other extensions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.comparing.facts import EXISTS, Detail, Objects, Value
from conformance.observed.catalog import Scope, rows

if TYPE_CHECKING:
    from sqlalchemy import Connection


def observed(connection: Connection, scope: Scope) -> Objects:
    """Version and state of TimescaleDB, and the versions of the other extensions."""
    (timescaledb,) = rows(connection, "extension", scope)
    if timescaledb.version is not None:
        yield "extension", "timescaledb", "", _timescaledb(timescaledb)
    for row in rows(connection, "extensions", scope):
        attributes: dict[str, Value] = {
            EXISTS: Detail(f"version {row.version}"),
            "version": row.version,
            "schema": row.schema_name,
        }
        yield "extension", row.name, "", attributes


def _timescaledb(row: Any) -> dict[str, Value]:
    return {
        EXISTS: True,
        "version": row.version,
        "edition": "community" if row.license == "timescale" else "apache",
        "restoring": row.restoring,
        "disabled_event_triggers": tuple(row.disabled),
        "sequences_behind": tuple(row.behind),
    }
