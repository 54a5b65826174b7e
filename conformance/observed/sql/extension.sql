-- TimescaleDB itself.
SELECT (SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'timescaledb') AS version,
       pg_catalog.current_setting('timescaledb.license', true) AS license,
       -- A session that began before, and that of a role with another setting, does not have it.
       pg_catalog.current_setting('timescaledb.restoring', true) IS NOT DISTINCT FROM 'on'
       OR EXISTS (
           SELECT FROM (
               SELECT pg_catalog.split_part(entry, '=', 2) AS value
                 FROM pg_catalog.pg_db_role_setting s
                CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) AS entry
                WHERE s.setrole = 0::oid
                  AND s.setdatabase IN (0::oid, (
                      SELECT d.oid FROM pg_catalog.pg_database d
                       WHERE d.datname = pg_catalog.current_database()))
                  AND pg_catalog.lower(pg_catalog.split_part(entry, '=', 1)) = 'timescaledb.restoring'
                ORDER BY s.setdatabase DESC LIMIT 1) AS nearest
            WHERE nearest.value ~* '^(on|tr?u?e?|ye?s?|1)$'::text) AS restoring,
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
