"""Alembic's own table: which revisions a database has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy import Connection

# In whichever schema env.py puts it.
_TABLES = text("""
SELECT n.nspname AS schema, pg_catalog.format('%I.%I', n.nspname, c.relname) AS quoted
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND c.relname = :name
   AND EXISTS (SELECT FROM pg_catalog.pg_attribute a
                WHERE a.attrelid = c.oid AND a.attname = 'version_num' AND NOT a.attisdropped)
 ORDER BY 2
""")


def applied_revisions(connection: Connection, version_table: str) -> tuple[str, ...]:
    """The newest of each branch, in order; none where nothing was migrated."""
    return tuple(
        revision
        for table in connection.execute(_TABLES, {"name": version_table}).all()
        for revision in connection.scalars(
            text(f"SELECT version_num FROM {table.quoted} ORDER BY 1")
        )
    )


def schemas_of(connection: Connection, version_table: str) -> list[str]:
    """Where it is; empty before the first migration."""
    return [table.schema for table in connection.execute(_TABLES, {"name": version_table})]
