-- Compression settings. A row for each column: this view, unlike its successor, needs no parsing.
-- And one for each hypertable whose chunks are merged, with the length up to which they are, or
-- whose sparse indexes are set; and one for each whose rows are compressed when they are written.
-- Those of a continuous aggregate are of the hypertable that it is materialized in.
WITH setting AS (
SELECT hypertable_schema AS schema_name,
       hypertable_name AS table_name,
       attname AS column_name,
       segmentby_column_index AS segment_by,
       orderby_column_index AS order_by,
       orderby_asc AS ascending,
       orderby_nullsfirst AS nulls_first,
       NULL AS chunk_interval,
       NULL::jsonb AS sparse_indexes,
       false AS direct
  FROM timescaledb_information.compression_settings
UNION ALL
SELECT n.nspname, c.relname, NULL, NULL, NULL, NULL, NULL, s.compress_interval_length,
       -- From 2.22 on; a text in the view.
       (pg_catalog.to_jsonb(s) ->> 'index'::text)::jsonb, false
  FROM timescaledb_information.hypertable_compression_settings s
  JOIN pg_catalog.pg_class c ON c.oid = s.hypertable
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE s.compress_interval_length IS NOT NULL
    OR pg_catalog.to_jsonb(s) ->> 'index'::text LIKE '%"config"%'::text
UNION ALL
SELECT h.schema_name, h.table_name, NULL, NULL, NULL, NULL, NULL, NULL, NULL, true
  FROM _timescaledb_catalog.hypertable h
 -- HYPERTABLE_STATUS_DIRECT_COMPRESS of 2.29 and later; no view has it.
 WHERE h.status::int4 & 8 <> 0
), aggregate AS MATERIALIZED (
SELECT materialization_hypertable_schema AS schema_name,
       materialization_hypertable_name AS table_name,
       view_schema, view_name
  FROM conformance_aggregate_names AS names
)
SELECT coalesce(view_schema, schema_name) AS schema_name,
       coalesce(view_name, table_name) AS table_name,
       column_name, segment_by, order_by, ascending, nulls_first, chunk_interval,
       sparse_indexes, direct
  FROM setting LEFT JOIN aggregate USING (schema_name, table_name)
 WHERE coalesce(view_schema, schema_name) = ANY(:schemas)
 ORDER BY 1, 2, segment_by, order_by
