"""Tables: their kind, owner and properties that change the meaning of their rows."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from conformance.comparing.facts import EXISTS, Detail, Objects, Owner, Value
from conformance.observed.catalog import Scope, rows
from conformance.observed.chunks import shortened
from conformance.observed.partitions import covered

if TYPE_CHECKING:
    from sqlalchemy import Connection

_KINDS = {"r": "table", "p": "partitioned table", "f": "foreign table"}
_PERSISTENCE = {"p": "permanent", "u": "unlogged", "t": "temporary"}


def observed(connection: Connection, scope: Scope) -> Objects:
    """Every table in scope."""
    found = rows(connection, "tables", scope)
    usual = _usual_owner([row.owner for row in found])
    for row in found:
        forced = "forced" if row.force_row_security else "on"
        attributes: dict[str, Value] = {
            EXISTS: True,
            "kind": _KINDS[row.kind],
            "persistence": _PERSISTENCE[row.persistence],
            "row_security": forced if row.row_security else "off",
            "inherits": tuple(row.inherits),
            "inherited_by": tuple(row.inherited_by),
            "referred_to_by": tuple(row.referred_to_by),
            "access_method": row.access_method,
            "updates_refused": tuple(row.refusing),
            "owner": Owner(row.owner, usual),
            "withheld_from_owner": tuple(row.withheld),
        }
        if row.bypassing:
            roles = ", ".join(shortened(row.bypassing))
            attributes["roles_that_bypass_row_security"] = Detail(roles, judged=False)
        if row.kind == "p":
            attributes.update(
                partitioned_by=row.partitioned_by,
                altered_partitions=(),
                partitions=Detail(covered(row.partitions), judged=False),
            )
        yield "table", scope.name(row.schema_name, row.table_name), "", attributes


def _usual_owner(owners: list[str]) -> str:
    """The owner of most tables; of several, the first by name."""
    counted = Counter(sorted(owners))
    return max(counted, key=counted.__getitem__, default="")
