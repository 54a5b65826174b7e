-- Extensions beside TimescaleDB; those that initdb makes are PostgreSQL's own.
SELECT x.extname AS name, x.extversion AS version, n.nspname AS schema_name
  FROM pg_catalog.pg_extension x JOIN pg_catalog.pg_namespace n ON n.oid = x.extnamespace
 WHERE x.extname <> 'timescaledb' AND x.oid >= 16384::oid
