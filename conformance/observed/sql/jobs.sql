-- Jobs of users, which may touch any table. TimescaleDB's own are left out. A job that a user adds of
-- TimescaleDB's procedures names its hypertable in its configuration alone.
SELECT j.job_id, j.proc_schema, j.proc_name,
       j.schedule_interval, j.max_runtime, j.max_retries, j.scheduled, j.paused, j.retry_period,
       CASE WHEN NOT j.fixed_schedule THEN 'no' ELSE 'in '::text || j.timezone END AS fixed_schedule,
       j.check_function AS "check",
       CASE WHEN j.role <> usual.owner THEN j.owner END AS other_owner,
       j.config, j.owner, j.may_log_in
  FROM conformance_all_jobs AS j
  LEFT JOIN conformance_usual_owner AS usual ON true
 WHERE NOT j.is_own
    OR j.hypertable_name IS NULL AND j.config ? 'hypertable_id'::text
 ORDER BY j.job_id
