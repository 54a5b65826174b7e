-- Jobs of users, which may touch any table. TimescaleDB's own are left out. A job that a user adds of
-- TimescaleDB's procedures names its hypertable in its configuration alone.
SELECT j.job_id,
       j.proc_schema, j.proc_name,
       j.schedule_interval::text AS schedule_interval,
       j.max_runtime::text AS max_runtime,
       j.max_retries,
       j.scheduled,
       -- As in policies.sql.
       j.next_start > pg_catalog.now() + j.schedule_interval + INTERVAL '1 year' AS paused,
       j.config,
       r.rolname AS owner, r.rolcanlogin AS may_log_in
  FROM timescaledb_information.jobs j
  JOIN pg_catalog.pg_roles r ON r.oid = j.owner
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
