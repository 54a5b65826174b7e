-- What TimescaleDB's catalog holds of the schemas in scope: its objects are no objects of PostgreSQL.
SELECT 'hypertable' AS kind, h.hypertable_schema AS schema_name, h.hypertable_name AS table_name,
       '' AS name
  FROM timescaledb_information.hypertables h
 WHERE h.hypertable_schema = ANY(:schemas)
UNION ALL
-- Older versions name the hypertable that a continuous aggregate is materialized in.
SELECT 'policy', coalesce(a.view_schema, j.hypertable_schema),
       coalesce(a.view_name, j.hypertable_name), j.proc_name
  FROM timescaledb_information.jobs j
  LEFT JOIN conformance_aggregate_names AS a
    ON a.materialization_hypertable_schema = j.hypertable_schema
   AND a.materialization_hypertable_name = j.hypertable_name
 WHERE coalesce(a.view_schema, j.hypertable_schema) = ANY(:schemas)
   -- A job of another procedure is no policy, even if it names a hypertable.
   AND j.proc_schema LIKE '\_timescaledb\_%'::text
UNION ALL
-- Jobs below 1000 are TimescaleDB's own.
SELECT 'job', NULL, pg_catalog.concat(j.proc_schema, '.', j.proc_name), ''
  FROM timescaledb_information.jobs j
 WHERE j.job_id >= 1000
   AND (j.hypertable_name IS NULL OR j.proc_schema NOT LIKE '\_timescaledb\_%'::text)
UNION ALL
SELECT DISTINCT 'chunk_skipping', h.schema_name, h.table_name, s.column_name
  FROM _timescaledb_catalog.chunk_column_stats s
  JOIN _timescaledb_catalog.hypertable h ON h.id = s.hypertable_id
 WHERE h.schema_name = ANY(:schemas)
