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
              ORDER BY 1)::text[] AS disabled,
       -- TimescaleDB names what it makes by their numbers. A dump has them only as a whole.
       ARRAY(SELECT s.name
               FROM (SELECT 'hypertable_id_seq' AS name, last_value, is_called,
                            (SELECT pg_catalog.max(h.id) FROM _timescaledb_catalog.hypertable h) AS newest
                       FROM _timescaledb_catalog.hypertable_id_seq
                     UNION ALL
                     SELECT 'dimension_id_seq', last_value, is_called,
                            (SELECT pg_catalog.max(d.id) FROM _timescaledb_catalog.dimension d)
                       FROM _timescaledb_catalog.dimension_id_seq
                     UNION ALL
                     SELECT 'dimension_slice_id_seq', last_value, is_called,
                            (SELECT pg_catalog.max(d.id) FROM _timescaledb_catalog.dimension_slice d)
                       FROM _timescaledb_catalog.dimension_slice_id_seq
                     UNION ALL
                     SELECT 'chunk_id_seq', last_value, is_called,
                            (SELECT pg_catalog.max(k.id) FROM _timescaledb_catalog.chunk k)
                       FROM _timescaledb_catalog.chunk_id_seq) AS s
              WHERE s.last_value < s.newest OR s.last_value = s.newest AND NOT s.is_called
              ORDER BY 1)::text[] AS behind
  -- The settings are there once the library is loaded, which its first function does; being
  -- immutable, this one runs when the statement is planned.
  FROM (SELECT _timescaledb_functions.to_interval(1) AS loaded OFFSET 0) AS library
 WHERE library.loaded IS NOT NULL
