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
       (d.hypertable_schema, d.hypertable_name) IN (
           SELECT h.hypertable_schema, h.hypertable_name
             FROM timescaledb_information.hypertables h
            WHERE h.compression_enabled) AS compression_enabled
  FROM timescaledb_information.dimensions d
 WHERE d.hypertable_schema = ANY(:schemas)
   -- Neither a join nor a plain IN: the planner takes both views for nearly empty, and would read
   -- one of them again for every row of the other.
   AND ((d.hypertable_schema, d.hypertable_name) IN (
           SELECT h.hypertable_schema, h.hypertable_name
             FROM timescaledb_information.hypertables h)) IS TRUE
 ORDER BY 1, 2, 3
