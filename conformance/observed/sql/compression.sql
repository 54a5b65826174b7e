-- Compression settings, a row for each column: this view, unlike its successor, needs no parsing.
SELECT hypertable_schema AS schema_name,
       hypertable_name AS table_name,
       attname AS column_name,
       segmentby_column_index AS segment_by,
       orderby_column_index AS order_by,
       orderby_asc AS ascending,
       orderby_nullsfirst AS nulls_first
  FROM timescaledb_information.compression_settings
 WHERE hypertable_schema = ANY(:schemas)
 ORDER BY 1, 2, segmentby_column_index, orderby_column_index
