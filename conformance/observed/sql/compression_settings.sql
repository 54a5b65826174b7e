-- What timescaledb_information.compression_settings shows, for servers without that view.
SELECT n.nspname AS hypertable_schema, c.relname AS hypertable_name,
       column_name AS attname,
       pg_catalog.array_position(s.segmentby, column_name) AS segmentby_column_index,
       pg_catalog.array_position(s.orderby, column_name) AS orderby_column_index,
       NOT s.orderby_desc[pg_catalog.array_position(s.orderby, column_name)] AS orderby_asc,
       s.orderby_nullsfirst[pg_catalog.array_position(s.orderby, column_name)]
           AS orderby_nullsfirst
  FROM _timescaledb_catalog.compression_settings s
  JOIN pg_catalog.pg_class c ON c.oid = s.relid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN _timescaledb_catalog.hypertable h
    ON h.schema_name = n.nspname AND h.table_name = c.relname
 CROSS JOIN LATERAL pg_catalog.unnest(
     pg_catalog.array_cat(s.segmentby, s.orderby)) AS column_name
