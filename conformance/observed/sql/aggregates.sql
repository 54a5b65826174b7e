-- Continuous aggregates, with the chunks of the hypertable that each is materialized in.
WITH aggregate AS MATERIALIZED (
    SELECT a.view_schema, a.view_name, a.hypertable_schema, a.hypertable_name, a.view_definition,
           a.materialized_only, a.compression_enabled,
           a.materialization_hypertable_schema AS home_schema,
           a.materialization_hypertable_name AS home_name
      FROM timescaledb_information.continuous_aggregates a
), dimension AS MATERIALIZED (
    SELECT d.hypertable_schema AS home_schema, d.hypertable_name AS home_name, d.column_name,
           d.time_interval::text AS time_interval, d.integer_interval
      FROM timescaledb_information.dimensions d
     WHERE d.dimension_number = 1
       AND (d.hypertable_schema, d.hypertable_name) IN (SELECT home_schema, home_name FROM aggregate)
)
SELECT a.view_schema AS schema_name,
       a.view_name,
       a.view_definition AS definition,
       a.materialized_only,
       a.compression_enabled,
       -- An aggregate of an aggregate names the hypertable that the other is materialized in.
       coalesce(s.view_schema, a.hypertable_schema) AS source_schema,
       coalesce(s.view_name, a.hypertable_name) AS source_name,
       d.time_interval, d.integer_interval,
       columns.names, columns.types
  FROM aggregate a
  LEFT JOIN aggregate s
    ON s.home_schema = a.hypertable_schema AND s.home_name = a.hypertable_name
  JOIN dimension d ON d.home_schema = a.home_schema AND d.home_name = a.home_name
  JOIN pg_catalog.pg_namespace vn ON vn.nspname = a.view_schema
  JOIN pg_catalog.pg_class v ON v.relnamespace = vn.oid AND v.relname = a.view_name
 CROSS JOIN LATERAL (
       SELECT pg_catalog.array_agg(c.attname::text ORDER BY c.attnum) AS names,
              pg_catalog.array_agg(pg_catalog.format_type(c.atttypid, c.atttypmod)
                                   ORDER BY c.attnum) AS types
         FROM pg_catalog.pg_attribute c
        WHERE c.attrelid = v.oid AND c.attnum > 0
     ) AS columns
 WHERE a.view_schema = ANY(:schemas)
