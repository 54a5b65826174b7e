"""Sequences that do not belong to a column: their type and options."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import EXISTS, Detail, Objects, Value
from conformance.comparing.sequences import Sequence
from conformance.observed.catalog import Scope, rows

if TYPE_CHECKING:
    from sqlalchemy import Connection


def observed(connection: Connection, scope: Scope) -> Objects:
    """Every sequence in scope; a sequence of a column counts as a part of the column."""
    for row in rows(connection, "sequences", scope):
        options = Sequence(
            row.type, row.start, row.increment, row.minvalue, row.maxvalue, row.cache, row.cycle
        )
        attributes: dict[str, Value] = {
            EXISTS: True if row.owned_by is None else Detail(f"of {row.owned_by}", part=True),
            "options": options.describe(row.type),
            "logged": not row.unlogged,
        }
        if row.another_owner is not None:
            attributes["owner"] = Detail(row.another_owner, judged=False)
        yield "sequence", scope.name(row.schema_name, row.sequence_name), "", attributes
