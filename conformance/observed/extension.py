"""TimescaleDB itself: version, edition, and whether it was left in restoring mode."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import EXISTS, FactKey, Facts
from conformance.observed.catalog import Scope, rows

if TYPE_CHECKING:
    from sqlalchemy import Connection


def observed(connection: Connection, scope: Scope) -> Facts:
    """What the session sees of the extension."""
    (row,) = rows(connection, "extension", scope)
    if row.version is None:
        return {}

    def key(attribute: str) -> FactKey:
        return FactKey("extension", "timescaledb", "", attribute)

    return {
        key(EXISTS): True,
        key("version"): row.version,
        key("edition"): "community" if row.license == "timescale" else "apache",
        key("restoring"): row.restoring == "on",
    }
