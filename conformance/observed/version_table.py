"""Alembic's own table: which revisions a database has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

# Under whichever name env.py gives it, as what Alembic makes it of. Row security may hide its rows.
_OF_ANY_NAME = text("""
SELECT n.nspname AS schema, c.relname AS name,
       pg_catalog.format('%I.%I', n.nspname, c.relname) AS quoted,
       NOT c.relrowsecurity AND pg_catalog.has_table_privilege(c.oid, 'SELECT') AS readable
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND n.nspname !~ '^pg_(toast_)?temp_'::text
   AND ARRAY(SELECT pg_catalog.concat(a.attname, ' ',
                                      pg_catalog.format_type(a.atttypid, a.atttypmod))
               FROM pg_catalog.pg_attribute a
              WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
       = ARRAY['version_num character varying(32)']
 ORDER BY quoted
""")
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
        for revision in _of_table(connection, f"SELECT version_num FROM {table.quoted} ORDER BY 1")
    )


def is_recorded(connection: Connection) -> bool | None:
    """Whether a table says which revisions the database has.

    None: there is no such table. One that the role must not read counts as one that says so.
    """
    tables = connection.execute(_OF_ANY_NAME).all()
    return (
        None
        if not tables
        else any(
            not table.readable
            or any(_of_table(connection, f"SELECT EXISTS (SELECT FROM {table.quoted})"))
            for table in tables
        )
    )


def _of_table(connection: Connection, query: str) -> Sequence[Any]:
    """What a query about a table gives; a % or colon in the table's name is not a placeholder."""
    options = {"no_parameters": True}
    return connection.exec_driver_sql(query, execution_options=options).scalars().all()


def schemas_of(connection: Connection, version_table: str) -> list[str]:
    """Where it is; empty before the first migration."""
    return [table.schema for table in connection.execute(_TABLES, {"name": version_table})]


def places_of_any_name(connection: Connection) -> list[tuple[str, str]]:
    """The schema and the name of each version table, whatever env.py calls it."""
    return [(table.schema, table.name) for table in connection.execute(_OF_ANY_NAME)]
