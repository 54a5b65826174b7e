"""Alembic's own table: which revisions a database has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

# Under whichever name env.py gives it, as what Alembic makes it of. Row security may hide its rows.
_OF_ANY_NAME = text("""
SELECT n.nspname AS schema, c.relname AS name,
       pg_catalog.format('%I.%I', n.nspname, c.relname) AS quoted,
       NOT c.relrowsecurity AND pg_catalog.has_table_privilege(c.oid, 'SELECT') AS readable,
       pg_catalog.pg_get_userbyid(c.relowner) AS owner,
       ARRAY(SELECT 'has no primary key'::text
              WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k
                                 WHERE k.conrelid = c.oid AND k.contype = 'p')
              UNION ALL
             SELECT 'is unlogged'::text WHERE c.relpersistence = 'u'
              UNION ALL
             SELECT 'has row security'::text WHERE c.relrowsecurity
              UNION ALL
             SELECT 'has trigger '::text || t.tgname::text FROM pg_catalog.pg_trigger t
              WHERE t.tgrelid = c.oid AND NOT t.tgisinternal
              UNION ALL
             SELECT 'has rule '::text || r.rulename::text FROM pg_catalog.pg_rewrite r
              WHERE r.ev_class = c.oid
              UNION ALL
             SELECT pg_catalog.concat('withholds ', pg_catalog.lower(usual.privilege_type),
                                      ' from its owner')
               FROM pg_catalog.unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE'])
                    AS usual (privilege_type)
              WHERE c.relacl IS NOT NULL
                AND NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.oid = c.relowner)
                AND NOT EXISTS (SELECT FROM pg_catalog.aclexplode(c.relacl) AS acl
                                 WHERE acl.grantee = c.relowner
                                   AND acl.privilege_type = usual.privilege_type)
              ORDER BY 1)::text[] AS alterations
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND n.nspname !~ '^pg_(toast_)?temp_'::text
   AND ARRAY(SELECT pg_catalog.concat(a.attname, ' ',
                                      pg_catalog.format_type(a.atttypid, a.atttypmod))
               FROM pg_catalog.pg_attribute a
              WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
       = ARRAY['version_num character varying(32)']
 ORDER BY quoted
""")
#: A project has one revision for each branch.
_ROWS = "SELECT version_num FROM {} ORDER BY 1 LIMIT 100"
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


@dataclass(frozen=True)
class VersionTable:
    """A table as Alembic makes it, of any name.

    Attributes:
        name: with its schema, quoted.
        owner: the role that owns it.
        alterations: what somebody did to it, `has trigger audit`.
        revisions: those that it has; None if the role that asks must not read them.
    """

    name: str
    owner: str
    alterations: tuple[str, ...]
    revisions: tuple[str, ...] | None


def version_tables(connection: Connection) -> list[VersionTable]:
    """Every table that may say which revisions the database has."""
    return [
        VersionTable(
            table.quoted,
            table.owner,
            tuple(table.alterations),
            tuple(_of_table(connection, _ROWS.format(table.quoted))) if table.readable else None,
        )
        for table in connection.execute(_OF_ANY_NAME).all()
    ]


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
