"""Everything a database holds outside PostgreSQL's own schemas: what a downgrade must not leave.

TimescaleDB's catalog is read without knowing it, table by table, since it changes with every
version; rows of its own, such as its telemetry job, are there before a migration too.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sqlalchemy import text

from conformance.observed.version_table import places_of_any_name, schemas_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

# What belongs to an extension outlives a downgrade with it: other schemas may use the extension.
_OBJECTS = text("""
WITH RECURSIVE member AS (
  SELECT classid, objid FROM pg_catalog.pg_depend WHERE deptype = 'e'
  UNION
  SELECT d.classid, d.objid FROM member JOIN pg_catalog.pg_depend d
      ON d.refclassid = member.classid AND d.refobjid = member.objid AND d.deptype IN ('i', 'a')
)
SELECT 'relation '::text || c.oid::pg_catalog.regclass::text AS trace
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
   AND n.nspname NOT LIKE 'pg\\_%'
   AND ('pg_catalog.pg_class'::pg_catalog.regclass::oid, c.oid)
       NOT IN (SELECT classid, objid FROM member)
UNION ALL
SELECT 'type '::text || t.oid::pg_catalog.regtype::text
  FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
 WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
   AND n.nspname NOT LIKE 'pg\\_%'
   AND ('pg_catalog.pg_type'::pg_catalog.regclass::oid, t.oid)
       NOT IN (SELECT classid, objid FROM member)
UNION ALL
SELECT 'function '::text || p.oid::pg_catalog.regprocedure::text
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
 WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
   AND ('pg_catalog.pg_proc'::pg_catalog.regclass::oid, p.oid)
       NOT IN (SELECT classid, objid FROM member)
UNION ALL
SELECT 'schema '::text || nspname::text FROM pg_catalog.pg_namespace WHERE nspname NOT LIKE 'pg\\_%'
UNION ALL
SELECT 'trigger '::text || tgname::text || ' on '::text || tgrelid::pg_catalog.regclass::text
  FROM pg_catalog.pg_trigger WHERE NOT tgisinternal
""")

# What is granted beyond what an owner has anyway, said of objects, and set for them. Chunks have
# it from their hypertable.
_REMARKS = text("""
WITH schema AS (
  SELECT oid, nspname AS name, nspowner AS owner, nspacl AS acl FROM pg_catalog.pg_namespace
   WHERE nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
     AND nspname NOT LIKE 'pg\\_%' AND nspname NOT LIKE '\\_timescaledb\\_%'
     AND nspname NOT LIKE 'timescaledb\\_%'
), relation AS (
  SELECT c.oid, c.oid::pg_catalog.regclass::text AS name, c.relkind, c.relowner AS owner,
         c.relacl AS acl, c.reloptions
    FROM pg_catalog.pg_class c JOIN schema ON schema.oid = c.relnamespace
), granted AS (
  SELECT 'relation '::text || name::text AS object, owner, acl FROM relation
  UNION ALL
  SELECT 'column '::text || relation.name::text || '.'::text || a.attname::text, owner, a.attacl
    FROM relation JOIN pg_catalog.pg_attribute a ON a.attrelid = relation.oid
  UNION ALL
  SELECT 'schema '::text || name::text, owner, acl FROM schema
)
SELECT pg_catalog.format('%s on %s granted to %s', pg_catalog.lower(privilege_type), object,
                         CASE grantee WHEN 0::oid THEN 'PUBLIC'
                                      ELSE grantee::pg_catalog.regrole::text END) AS trace
  FROM granted, pg_catalog.aclexplode(acl)
 WHERE grantee <> owner
UNION ALL
SELECT pg_catalog.format('%s of relation %s', pg_catalog.unnest(reloptions), name) FROM relation
 WHERE relkind IN ('r', 'p', 'm', 'i', 'I')
UNION ALL
SELECT pg_catalog.format('comment on %s: %s',
                         pg_catalog.pg_describe_object(d.classoid, d.objoid, d.objsubid),
                         d.description)
  FROM pg_catalog.pg_description d JOIN relation ON relation.oid = d.objoid
 WHERE d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass::oid
UNION ALL
SELECT 'setting of the database: '::text || pg_catalog.unnest(setconfig)
  FROM pg_catalog.pg_db_role_setting
 WHERE setrole = 0::oid AND setdatabase = (SELECT oid FROM pg_catalog.pg_database
                                       WHERE datname = pg_catalog.current_database())
""")

_CATALOG_TABLES = text("""
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_depend e ON e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass::oid
   AND e.objid = c.oid AND e.deptype = 'e'
  JOIN pg_catalog.pg_extension x ON x.oid = e.refobjid AND x.extname = 'timescaledb'
 WHERE c.relkind = 'r'
   -- Statistics and events of the server, which background workers write at any time.
   AND c.relname NOT LIKE '%stat%' AND c.relname NOT LIKE 'telemetry%' AND c.relname <> 'metadata'
   -- What a refresh has to do yet, which changes with the rows.
   AND c.relname NOT LIKE '%invalidation_log' AND c.relname NOT LIKE '%materialization_ranges'
 ORDER BY 1
""")


def traces(connection: Connection, *, version_table: str = "alembic_version") -> Counter[str]:
    """Every object that is not an extension's, and the row counts of TimescaleDB's catalog.

    Privileges, comments, storage parameters and the database's settings as well.

    Alembic's own version table, by any name, outlives a downgrade and is left out. Its schema
    counts as 0, which means that it does not count in another state either, in which the table was
    not there yet.
    """
    # Every database has public; one that env.py wants for it was not there before.
    places = places_of_any_name(connection)
    homes = {*schemas_of(connection, version_table), *(home for home, _ in places)} - {"public"}
    names = {version_table, *(name for _, name in places)}
    theirs = {f"schema {home}" for home in homes}
    found = Counter(
        trace
        for query in (_OBJECTS, _REMARKS)
        for trace in connection.execute(query).scalars()
        if trace not in theirs and not any(name in trace for name in names)
    )
    found.update(dict.fromkeys(theirs, 0))
    for table in connection.execute(_CATALOG_TABLES).scalars().all():
        rows = connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
        found[f"row in {table}"] = rows
    return found
