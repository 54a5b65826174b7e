-- TimescaleDB itself.
SELECT (SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'timescaledb') AS version,
       pg_catalog.current_setting('timescaledb.license', true) AS license,
       coalesce(pg_catalog.current_setting('timescaledb.restoring', true), 'off') AS restoring
