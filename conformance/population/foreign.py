"""Tables whose rows are on a server of somebody else, where nothing is written and nothing read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection, Table

#: The table itself, its partitions, and the tables that inherit from it.
_FOREIGN = text("""
WITH RECURSIVE part (oid) AS (
    SELECT CAST(pg_catalog.to_regclass(:table) AS pg_catalog.oid)
     UNION ALL
    SELECT inhrelid FROM pg_catalog.pg_inherits JOIN part ON inhparent = part.oid
)
SELECT c.relname FROM pg_catalog.pg_class c JOIN part ON part.oid = c.oid
 WHERE c.relkind = 'f' ORDER BY c.oid LIMIT 1
""")


def why_foreign(connection: Connection, table: Table) -> str | None:
    """Why rows of the table are on another server; None if they are in this database.

    The database decides, not the model: a migration may have created another kind of table.
    """
    name = connection.dialect.identifier_preparer.format_table(table)
    found = connection.scalar(_FOREIGN, {"table": name})
    if found is None:
        return None
    return f"its rows are on another server, because {found} is a foreign table"


def without_foreign(connection: Connection, tables: Iterable[Table]) -> list[Table]:
    """The tables whose rows are in this database."""
    return [table for table in tables if why_foreign(connection, table) is None]
