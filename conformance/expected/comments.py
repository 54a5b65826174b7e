"""Comments of relations and their columns, which SQLAlchemy declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import EXISTS, Objects

if TYPE_CHECKING:
    from sqlalchemy import Table


def expected(table: Table, name: str, _default_schema: str) -> Objects:
    """Each declared comment; a table without one may have any."""
    declared = {"": table.comment} | {column.name: column.comment for column in table.columns}
    for part, comment in declared.items():
        # An empty one is none to PostgreSQL.
        if comment:
            yield "comment", name, part, {EXISTS: True, "text": comment}
