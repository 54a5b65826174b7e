-- TimescaleDB itself.
SELECT (SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'timescaledb') AS version,
       pg_catalog.current_setting('timescaledb.license', true) AS license,
       coalesce(pg_catalog.current_setting('timescaledb.restoring', true), 'off') AS restoring
  -- The settings are there once the library is loaded, which its first function does; being
  -- immutable, this one runs when the statement is planned.
  FROM (SELECT _timescaledb_functions.to_interval(1) AS loaded OFFSET 0) AS library
 WHERE library.loaded IS NOT NULL
