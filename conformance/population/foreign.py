"""How the rows of a table are kept: on a server of somebody else nothing is written or read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

from conformance.comparing.tokens import quoted_table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection, Table

#: Its foreign part is the table itself, a partition, or a table that inherits from it.
_KEPT = text("""
WITH RECURSIVE part (oid) AS (
    SELECT CAST(pg_catalog.to_regclass(:table) AS pg_catalog.oid)
     UNION ALL
    SELECT inhrelid FROM pg_catalog.pg_inherits JOIN part ON inhparent = part.oid
)
SELECT pg_catalog.bool_or(
           c.relkind = 'p' AND c.oid = pg_catalog.to_regclass(:table)
       ) AS partitioned,
       (
           pg_catalog.array_agg(c.relname ORDER BY c.oid) FILTER (WHERE c.relkind = 'f')
       )[1] AS foreign_part,
       (
           SELECT p.relname
             FROM pg_catalog.pg_class p JOIN pg_catalog.pg_inherits ON inhparent = p.oid
            WHERE p.relkind = 'p' AND inhrelid = pg_catalog.to_regclass(:table)
       ) AS parent
  FROM pg_catalog.pg_class c JOIN part ON part.oid = c.oid
""")


class Kept(NamedTuple):
    """How the database keeps the rows of a table.

    Attributes:
        partitioned: whether the table is a partitioned one.
        why_foreign: why rows are on another server; None if they are in this database.
        why_not_filled: why no sample rows are written to the table itself; None if they are.
    """

    partitioned: bool
    why_foreign: str | None
    why_not_filled: str | None


def how_kept(connection: Connection, table: Table) -> Kept:
    """How the rows of the table are kept.

    The database decides, not the model: a migration may have created another kind of table.
    """
    found = connection.execute(_KEPT, {"table": quoted_table(table)}).one()
    foreign, parent = found.foreign_part, found.parent
    why_foreign = (
        foreign and f"its rows are on another server, because {foreign} is a foreign table"
    )
    partition = parent and f"it is a partition of {parent}"
    return Kept(bool(found.partitioned), why_foreign, why_foreign or partition)


def without_foreign(connection: Connection, tables: Iterable[Table]) -> list[Table]:
    """The tables whose rows are in this database."""
    return [table for table in tables if how_kept(connection, table).why_foreign is None]
