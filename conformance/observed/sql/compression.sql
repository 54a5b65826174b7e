-- Compression settings. A row for each column: this view, unlike its successor, needs no parsing.
-- And one for each hypertable whose chunks are merged, with the length up to which they are.
SELECT hypertable_schema AS schema_name,
       hypertable_name AS table_name,
       attname AS column_name,
       segmentby_column_index AS segment_by,
       orderby_column_index AS order_by,
       orderby_asc AS ascending,
       orderby_nullsfirst AS nulls_first,
       NULL AS chunk_interval
  FROM timescaledb_information.compression_settings
 WHERE hypertable_schema = ANY(:schemas)
UNION ALL
SELECT n.nspname, c.relname, NULL, NULL, NULL, NULL, NULL, s.compress_interval_length
  FROM timescaledb_information.hypertable_compression_settings s
  JOIN pg_catalog.pg_class c ON c.oid = s.hypertable
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = ANY(:schemas) AND s.compress_interval_length IS NOT NULL
 ORDER BY schema_name, table_name, segment_by, order_by
