-- Jobs of TimescaleDB's procedures on the hypertables and continuous aggregates in scope.
WITH aggregate AS MATERIALIZED (
    SELECT view_schema, view_name, materialization_hypertable_schema AS hypertable_schema,
           materialization_hypertable_name AS hypertable_name
      FROM conformance_aggregate_names AS names
)
SELECT j.job_id,
       -- Older versions name the hypertable that an aggregate is materialized in.
       coalesce(a.view_schema, j.hypertable_schema) AS schema_name,
       coalesce(a.view_name, j.hypertable_name) AS table_name,
       j.proc_name,
       j.schedule_interval, j.max_runtime, j.max_retries, j.scheduled, j.paused, j.retry_period,
       CASE WHEN j.fixed_schedule
            THEN pg_catalog.concat(
                     'from ', j.initial_start AT TIME ZONE coalesce(j.timezone, 'UTC'),
                     ' ', coalesce(j.timezone, 'UTC')) END AS fixed_schedule,
       CASE WHEN j.check_name IS DISTINCT FROM j.proc_name::text || '_check'::text
            THEN coalesce(j.check_function, 'none') END AS "check",
       CASE WHEN j.role <> c.relowner THEN j.owner END AS other_owner,
       j.config,
       -- The procedure works on the hypertable that the configuration names, whatever the job says.
       coalesce(j.config ->> 'mat_hypertable_id'::text, j.config ->> 'hypertable_id'::text)
       <> h.id::text AS misdirected,
       -- CREATE TABLE ... WITH puts off the first run, of a schedule that is not fixed.
       j.initial_start IS NOT NULL AND NOT j.fixed_schedule AS of_create_table,
       j.owner, j.may_log_in,
       -- A superuser, and a member of the role, has its rights.
       CASE WHEN NOT pg_catalog.pg_has_role(j.role, c.relowner, 'USAGE')
            THEN c.relowner::pg_catalog.regrole::text END AS table_owner,
       -- In one style, whatever IntervalStyle the policy was made under. alter_job() takes other texts
       -- and values, too; the job then fails.
       (SELECT pg_catalog.jsonb_object_agg(key, age::interval::text)
          FROM pg_catalog.jsonb_each(
                   CASE WHEN pg_catalog.jsonb_typeof(j.config) = 'object' THEN j.config END)
         CROSS JOIN LATERAL (
               SELECT CASE WHEN written ~* conformance_interval_pattern THEN written END AS age
                 FROM (SELECT value #>> '{}'::text[] AS written OFFSET 0) AS text) AS read
         WHERE key IN ('compress_after', 'compress_created_before', 'drop_after',
                       'drop_created_before', 'start_offset', 'end_offset', 'inactive_for')
           AND pg_catalog.jsonb_typeof(value) = 'string') AS intervals
  FROM conformance_all_jobs AS j
  LEFT JOIN aggregate a
    ON a.hypertable_schema = j.hypertable_schema AND a.hypertable_name = j.hypertable_name
  LEFT JOIN aggregate v
    ON v.view_schema = j.hypertable_schema AND v.view_name = j.hypertable_name
  LEFT JOIN _timescaledb_catalog.hypertable h
    ON h.schema_name = coalesce(v.hypertable_schema, j.hypertable_schema)
   AND h.table_name = coalesce(v.hypertable_name, j.hypertable_name)
  JOIN pg_catalog.pg_namespace s ON s.nspname = coalesce(a.view_schema, j.hypertable_schema)
  JOIN pg_catalog.pg_class c
    ON c.relnamespace = s.oid AND c.relname = coalesce(a.view_name, j.hypertable_name)
 WHERE coalesce(a.view_schema, j.hypertable_schema) = ANY(:schemas)
   AND j.is_own
 ORDER BY j.job_id
