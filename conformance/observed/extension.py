"""TimescaleDB: version, edition, and whether it is in restoring mode; and other extensions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import EXISTS, Detail, FactKey, Facts
from conformance.observed.catalog import Scope, rows

if TYPE_CHECKING:
    from sqlalchemy import Connection


def observed(connection: Connection, scope: Scope) -> Facts:
    """Version and state of TimescaleDB, and the versions of the other extensions."""
    return {**_timescaledb(connection, scope), **_others(connection, scope)}


def _others(connection: Connection, scope: Scope) -> Facts:
    facts: Facts = {}
    for row in rows(connection, "extensions", scope):
        key = FactKey("extension", row.name, "", EXISTS)
        facts[key] = Detail(f"version {row.version}")
        facts[key._replace(attribute="version")] = row.version
        facts[key._replace(attribute="schema")] = row.schema_name
    return facts


def _timescaledb(connection: Connection, scope: Scope) -> Facts:
    (row,) = rows(connection, "extension", scope)
    if row.version is None:
        return {}

    def key(attribute: str) -> FactKey:
        return FactKey("extension", "timescaledb", "", attribute)

    return {
        key(EXISTS): True,
        key("version"): row.version,
        key("edition"): "community" if row.license == "timescale" else "apache",
        key("restoring"): row.restoring,
        key("disabled_event_triggers"): tuple(row.disabled),
    }
