-- The function that says what time it is in a hypertable whose time is a number, and the newest
-- chunk, without reading rows.
SELECT h.schema_name, h.table_name,
       d.integer_now_func_schema AS function_schema, d.integer_now_func AS function_name,
       pg_catalog.format('%I.%I()', d.integer_now_func_schema, d.integer_now_func) AS call,
       p.oid IS NOT NULL AS is_there,
       pg_catalog.has_function_privilege(p.oid, 'EXECUTE') AS may_call,
       newest.range_start AS first, newest.range_end AS last
  FROM _timescaledb_catalog.dimension d
  JOIN _timescaledb_catalog.hypertable h ON h.id = d.hypertable_id
  LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = d.integer_now_func_schema
  LEFT JOIN pg_catalog.pg_proc p
    ON p.pronamespace = n.oid AND p.proname = d.integer_now_func AND p.pronargs = 0
  LEFT JOIN LATERAL (
       SELECT s.range_start, s.range_end
         FROM _timescaledb_catalog.dimension_slice s
        WHERE s.dimension_id = d.id
        ORDER BY s.range_end DESC
        LIMIT 1) AS newest ON true
 WHERE h.schema_name = ANY(:schemas)
   AND d.integer_now_func IS NOT NULL
 ORDER BY 1, 2
