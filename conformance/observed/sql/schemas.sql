-- The schemas of users: not those of PostgreSQL, of TimescaleDB and of other extensions.
SELECT namespace.nspname AS name
FROM pg_catalog.pg_namespace AS namespace
WHERE namespace.nspname !~ '^(pg_|_timescaledb_|timescaledb_)'::text
  AND namespace.nspname <> 'information_schema'
  AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend AS dependency
      WHERE dependency.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass::oid
        AND dependency.objid = namespace.oid
        AND dependency.deptype = 'e'
  )
ORDER BY namespace.nspname
