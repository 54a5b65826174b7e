-- Every dimension of every hypertable, whether compression is on, and what its own table has.
WITH blocker AS MATERIALIZED (SELECT * FROM conformance_insert_blocker AS b)
SELECT hypertable_schema AS schema_name,
       hypertable_name AS table_name,
       d.dimension_number,
       column_name,
       -- The information view leaves out the precision of a timestamp.
       (SELECT pg_catalog.format_type(a.atttypid, a.atttypmod)
          FROM pg_catalog.pg_attribute a
         WHERE a.attrelid = root.oid AND a.attname = d.column_name) AS column_type,
       d.dimension_type,
       -- Before 2.25 the view takes the interval of a UUIDv7 for a number.
       CASE WHEN d.column_type = 'uuid'::pg_catalog.regtype
            THEN coalesce(d.time_interval, d.integer_interval * interval '1 microsecond')
            ELSE d.time_interval END::text AS time_interval,
       CASE WHEN d.column_type <> 'uuid'::pg_catalog.regtype THEN d.integer_interval END
            AS integer_interval,
       d.num_partitions,
       now.schema_name AS now_schema, now.function_name AS now_function,
       -- Where it is not 0, TimescaleDB changes the chunk interval by itself as rows come; from 2.28
       -- on, which has no function for it, the number only stays in the catalog.
       (SELECT NULLIF(pg_catalog.to_jsonb(h) ->> 'chunk_target_size'::text, '0')
          FROM _timescaledb_catalog.hypertable h
         WHERE h.schema_name = hypertable_schema
           AND h.table_name = hypertable_name
           AND EXISTS (SELECT FROM pg_catalog.pg_proc p
                        WHERE p.proname = 'set_adaptive_chunking')) AS chunk_target_size,
       (hypertable_schema, hypertable_name) IN (
           SELECT h.hypertable_schema, h.hypertable_name
             FROM timescaledb_information.hypertables h
            WHERE h.compression_enabled) AS compression_enabled,
       -- Rows of the table itself, as VACUUM, ANALYZE and the server's statistics count them: a file
       -- is also as large after rows were deleted or rolled back. Where rows were deleted since, only
       -- the statistics know.
       CASE WHEN pg_catalog.pg_stat_get_tuples_deleted(root.oid) = 0
            THEN greatest(root.reltuples::bigint, pg_catalog.pg_stat_get_live_tuples(root.oid))
            ELSE pg_catalog.pg_stat_get_live_tuples(root.oid) END AS root_table_rows,
       CASE WHEN EXISTS (SELECT FROM blocker) THEN
           coalesce((SELECT pg_catalog.min(t.tgenabled::text) FROM pg_catalog.pg_trigger t
                      WHERE t.tgrelid = root.oid AND t.tgfoid IN (SELECT b.oid FROM blocker b)),
                    'missing') END AS insert_blocker
  FROM timescaledb_information.dimensions d
  JOIN pg_catalog.pg_namespace n ON n.nspname = d.hypertable_schema
  JOIN pg_catalog.pg_class root ON root.relnamespace = n.oid AND root.relname = d.hypertable_name
  -- The information view leaves out the function's schema.
  LEFT JOIN (SELECT h.schema_name AS hypertable_schema, h.table_name AS hypertable_name,
                    i.column_name, i.integer_now_func_schema AS schema_name,
                    i.integer_now_func AS function_name
               FROM _timescaledb_catalog.dimension i
               JOIN _timescaledb_catalog.hypertable h ON h.id = i.hypertable_id
              WHERE i.integer_now_func IS NOT NULL) AS now
    USING (hypertable_schema, hypertable_name, column_name)
 WHERE hypertable_schema = ANY(:schemas)
   -- Neither a join nor a plain IN: the planner takes both views for nearly empty, and would read
   -- one of them again for every row of the other.
   AND ((hypertable_schema, hypertable_name) IN (
           SELECT h.hypertable_schema, h.hypertable_name
             FROM timescaledb_information.hypertables h)) IS TRUE
 ORDER BY 1, 2, 3
