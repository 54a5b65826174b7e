-- Every dimension of every hypertable, and whether compression is on.
SELECT d.hypertable_schema AS schema_name,
       d.hypertable_name AS table_name,
       d.dimension_number,
       d.column_name,
       d.column_type::text AS column_type,
       d.dimension_type,
       d.time_interval::text AS time_interval,
       d.integer_interval,
       d.num_partitions,
       h.compression_enabled
  FROM timescaledb_information.dimensions d
  JOIN timescaledb_information.hypertables h
    ON h.hypertable_schema = d.hypertable_schema AND h.hypertable_name = d.hypertable_name
 WHERE d.hypertable_schema = ANY(:schemas)
 ORDER BY 1, 2, 3
