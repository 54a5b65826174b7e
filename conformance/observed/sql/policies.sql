-- Jobs of the hypertables and continuous aggregates in scope, and jobs of users, which may touch any
-- table. TimescaleDB's own are left out. A job that a user adds of TimescaleDB's procedures names its
-- hypertable in its configuration alone.
WITH aggregate AS MATERIALIZED (
    SELECT view_schema, view_name, materialization_hypertable_schema AS hypertable_schema,
           materialization_hypertable_name AS hypertable_name
      FROM timescaledb_information.continuous_aggregates
)
SELECT j.job_id,
       -- Older versions name the hypertable that an aggregate is materialized in.
       coalesce(a.view_schema, j.hypertable_schema) AS schema_name,
       coalesce(a.view_name, j.hypertable_name) AS table_name,
       j.proc_schema, j.proc_name,
       own.is_own,
       j.schedule_interval::text AS schedule_interval,
       j.max_runtime::text AS max_runtime,
       j.max_retries,
       j.scheduled,
       -- Infinity is the usual way to write it. No failure puts a job off by as long as a year.
       j.next_start > pg_catalog.now() + j.schedule_interval + INTERVAL '1 year' AS paused,
       j.config,
       -- In one style, whatever IntervalStyle the policy was made under.
       (SELECT pg_catalog.jsonb_object_agg(key, (value #>> '{}')::interval::text)
          FROM pg_catalog.jsonb_each(j.config)
         WHERE key IN ('compress_after', 'compress_created_before', 'drop_after',
                       'drop_created_before', 'start_offset', 'end_offset')
           AND pg_catalog.jsonb_typeof(value) = 'string' AND own.is_own) AS intervals
  FROM timescaledb_information.jobs j
  LEFT JOIN aggregate a
    ON a.hypertable_schema = j.hypertable_schema AND a.hypertable_name = j.hypertable_name
 CROSS JOIN LATERAL (
       -- TimescaleDB's procedures live in schemas that belong to its extension.
       SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace n
                        JOIN pg_catalog.pg_depend e
                          ON e.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
                         AND e.objid = n.oid AND e.deptype = 'e'
                        JOIN pg_catalog.pg_extension x
                          ON x.oid = e.refobjid AND x.extname = 'timescaledb'
                       WHERE n.nspname = j.proc_schema) AS is_own
     ) AS own
 WHERE (coalesce(a.view_schema, j.hypertable_schema) = ANY(:schemas)
        OR NOT own.is_own
        OR j.hypertable_name IS NULL AND j.config ? 'hypertable_id')
 ORDER BY j.job_id
