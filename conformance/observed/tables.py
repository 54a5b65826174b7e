"""Tables: what kind they are, and what would change the meaning of their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import EXISTS, FactKey, Facts, Value
from conformance.observed.catalog import Scope, rows

if TYPE_CHECKING:
    from sqlalchemy import Connection

_KINDS = {"r": "table", "p": "partitioned table", "f": "foreign table"}
_PERSISTENCE = {"p": "permanent", "u": "unlogged", "t": "temporary"}


def observed(connection: Connection, scope: Scope) -> Facts:
    """Every table in scope."""
    facts: Facts = {}
    for row in rows(connection, "tables", scope):
        forced = "forced" if row.force_row_security else "on"
        attributes: dict[str, Value] = {
            EXISTS: True,
            "kind": _KINDS[row.kind],
            "persistence": _PERSISTENCE[row.persistence],
            "row_security": forced if row.row_security else "off",
            "inherits": tuple(row.inherits),
            "inherited_by": tuple(row.inherited_by),
            "access_method": row.access_method,
        }
        table = scope.name(row.schema_name, row.table_name)
        facts.update({FactKey("table", table, "", name): v for name, v in attributes.items()})
    return facts
