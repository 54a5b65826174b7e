-- Every job, with what is read of policies and of other jobs alike.
SELECT j.job_id, j.hypertable_schema, j.hypertable_name,
       j.proc_schema, j.proc_name,
       j.schedule_interval::text AS schedule_interval,
       j.max_runtime::text AS max_runtime,
       j.max_retries,
       j.scheduled,
       -- Infinity is the usual way to write it. No failure puts a job off by as long as a year.
       -- Before its first run a job waits for its initial start.
       coalesce(j.next_start, j.initial_start)
           > pg_catalog.now() + j.schedule_interval + INTERVAL '1 year' AS paused,
       -- Those that TimescaleDB chooses.
       CASE WHEN j.retry_period NOT IN (INTERVAL '5 minutes', INTERVAL '1 hour', j.schedule_interval)
            THEN j.retry_period::text END AS retry_period,
       j.initial_start, j.fixed_schedule, b.timezone::text AS timezone,
       j.check_name,
       j.check_schema::text || '.'::text || j.check_name::text AS check_function,
       j.config,
       r.oid AS role, r.rolname AS owner, r.rolcanlogin AS may_log_in,
       -- TimescaleDB's procedures live in schemas that belong to its extension.
       j.proc_schema IN (
           SELECT n.nspname FROM pg_catalog.pg_namespace n
             JOIN pg_catalog.pg_depend e
               ON e.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass::oid
              AND e.objid = n.oid AND e.deptype = 'e'
             JOIN pg_catalog.pg_extension x
               ON x.oid = e.refobjid AND x.extname = 'timescaledb') AS is_own
  FROM timescaledb_information.jobs j
  JOIN pg_catalog.pg_roles r ON r.oid = j.owner
  JOIN _timescaledb_config.bgw_job b ON b.id = j.job_id
