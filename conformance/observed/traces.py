"""Everything a database holds outside PostgreSQL's own schemas: what a downgrade must not leave.

TimescaleDB's catalog is read without knowing it, table by table, since it changes with every
version; rows of its own, such as its telemetry job, are there before a migration too.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy import Connection

_OBJECTS = text("""
SELECT 'relation ' || c.oid::pg_catalog.regclass::text AS trace
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
   AND n.nspname NOT LIKE 'pg\\_%'
UNION ALL
SELECT 'type ' || t.oid::pg_catalog.regtype::text
  FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
 WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
   AND n.nspname NOT LIKE 'pg\\_%'
UNION ALL
SELECT 'function ' || p.oid::pg_catalog.regprocedure::text
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
 WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
UNION ALL
SELECT 'schema ' || nspname FROM pg_catalog.pg_namespace WHERE nspname NOT LIKE 'pg\\_%'
UNION ALL
SELECT 'trigger ' || tgname || ' on ' || tgrelid::pg_catalog.regclass::text
  FROM pg_catalog.pg_trigger WHERE NOT tgisinternal
""")

_CATALOG_TABLES = text("""
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_depend e ON e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
   AND e.objid = c.oid AND e.deptype = 'e'
  JOIN pg_catalog.pg_extension x ON x.oid = e.refobjid AND x.extname = 'timescaledb'
 WHERE c.relkind = 'r'
   -- Statistics and events of the server, which background workers write at any time.
   AND c.relname NOT LIKE '%stat%' AND c.relname NOT LIKE 'telemetry%' AND c.relname <> 'metadata'
 ORDER BY 1
""")


def traces(connection: Connection, *, version_table: str = "alembic_version") -> Counter[str]:
    """Every object by name, and the number of rows in every table of TimescaleDB's catalog.

    Alembic's own version table outlives a downgrade and is left out.
    """
    found = Counter(
        trace for trace in connection.execute(_OBJECTS).scalars() if version_table not in trace
    )
    for table in connection.execute(_CATALOG_TABLES).scalars().all():
        rows = connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
        found[f"row in {table}"] = rows
    return found
