-- TimescaleDB itself.
SELECT (SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'timescaledb') AS version,
       pg_catalog.current_setting('timescaledb.license', true) AS license,
       coalesce(pg_catalog.current_setting('timescaledb.restoring', true), 'off') AS restoring,
       ARRAY(SELECT e.evtname
               FROM pg_catalog.pg_event_trigger e
               JOIN pg_catalog.pg_depend d
                 ON d.classid = 'pg_catalog.pg_event_trigger'::pg_catalog.regclass::oid
                AND d.objid = e.oid AND d.deptype = 'e'
               JOIN pg_catalog.pg_extension x ON x.oid = d.refobjid AND x.extname = 'timescaledb'
              WHERE e.evtenabled IN ('D', 'R')
              ORDER BY 1)::text[] AS disabled
  -- The settings are there once the library is loaded, which its first function does; being
  -- immutable, this one runs when the statement is planned.
  FROM (SELECT _timescaledb_functions.to_interval(1) AS loaded OFFSET 0) AS library
 WHERE library.loaded IS NOT NULL
