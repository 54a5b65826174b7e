-- Columns by whose range compressed chunks are skipped. The information views leave them out.
SELECT DISTINCT h.schema_name, h.table_name, s.column_name
  FROM _timescaledb_catalog.chunk_column_stats s
  JOIN _timescaledb_catalog.hypertable h ON h.id = s.hypertable_id
 WHERE h.schema_name = ANY(:schemas)
