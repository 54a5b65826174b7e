-- Jobs of users, which may touch any table. TimescaleDB's own are left out. A job that a user adds of
-- TimescaleDB's procedures names its hypertable in its configuration alone.
SELECT j.job_id,
       j.proc_schema, j.proc_name,
       j.schedule_interval::text AS schedule_interval,
       j.max_runtime::text AS max_runtime,
       j.max_retries,
       j.scheduled,
       -- As in policies.sql.
       -- Before its first run a job waits for its initial start.
       coalesce(j.next_start, j.initial_start)
           > pg_catalog.now() + j.schedule_interval + INTERVAL '1 year' AS paused,
       -- Those that TimescaleDB chooses.
       CASE WHEN j.retry_period NOT IN (INTERVAL '5 minutes', INTERVAL '1 hour', j.schedule_interval)
            THEN j.retry_period::text END AS retry_period,
       CASE WHEN NOT j.fixed_schedule THEN 'no'
            ELSE 'in '::text || b.timezone::text END AS fixed_schedule,
       j.check_schema::text || '.'::text || j.check_name::text AS "check",
       CASE WHEN r.oid <> usual.owner THEN r.rolname END AS other_owner,
       j.config,
       r.rolname AS owner, r.rolcanlogin AS may_log_in
  FROM timescaledb_information.jobs j
  JOIN pg_catalog.pg_roles r ON r.oid = j.owner
  JOIN _timescaledb_config.bgw_job b ON b.id = j.job_id
  LEFT JOIN conformance_usual_owner AS usual ON true
 CROSS JOIN LATERAL (
       -- TimescaleDB's procedures live in schemas that belong to its extension.
       SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace n
                        JOIN pg_catalog.pg_depend e
                          ON e.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass::oid
                         AND e.objid = n.oid AND e.deptype = 'e'
                        JOIN pg_catalog.pg_extension x
                          ON x.oid = e.refobjid AND x.extname = 'timescaledb'
                       WHERE n.nspname = j.proc_schema) AS is_own
     ) AS own
 WHERE NOT own.is_own
    OR j.hypertable_name IS NULL AND j.config ? 'hypertable_id'::text
 ORDER BY j.job_id
