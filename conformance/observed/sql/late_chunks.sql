-- Chunks that a policy should have treated by now, two of its schedules ago. A chunk that was made
-- late, by a load of old rows, is due from then on. Of integer time no schedule can be told.
-- When a policy was made is not written anywhere. One that has never run is as old as its last
-- change, by the order of transactions; one that has run twice or less, as its last run.
WITH policy AS MATERIALIZED (
    SELECT j.job_id, j.schedule_interval, h.schema_name, h.table_name,
           j.proc_name = 'policy_compression' AS compresses,
           CASE WHEN written.age ~* conformance_interval_pattern THEN written.age END::interval AS age,
           created.are_meant AS by_creation,
           coalesce(j.initial_start, '-infinity') AS initial_start,
           CASE WHEN r.total_runs <= 2 THEN r.last_run_started_at END AS started,
           CASE WHEN coalesce(r.total_runs, 0) = 0 THEN pg_catalog.age(b.xmin) END AS never_ran_since
      FROM timescaledb_information.jobs j
      JOIN _timescaledb_catalog.bgw_job b ON b.id = j.job_id
      LEFT JOIN timescaledb_information.job_stats r ON r.job_id = j.job_id
      JOIN _timescaledb_catalog.hypertable h ON h.id::text = j.config ->> 'hypertable_id'::text
     CROSS JOIN LATERAL (
           SELECT CASE j.proc_name WHEN 'policy_compression' THEN 'compress_after'
                       ELSE 'drop_after' END AS name) AS age
     CROSS JOIN LATERAL (
           SELECT replace(age.name, '_after', '_created_before') AS name,
                  j.config ? replace(age.name, '_after', '_created_before') AS are_meant) AS created
     CROSS JOIN LATERAL (
           SELECT j.config -> CASE WHEN created.are_meant THEN created.name ELSE age.name END AS value
       ) AS setting
     CROSS JOIN LATERAL (SELECT setting.value #>> '{}'::text[] AS age) AS written
     WHERE j.proc_name IN ('policy_compression', 'policy_retention')
       AND j.scheduled
       AND pg_catalog.jsonb_typeof(setting.value) = 'string'
), due AS (
    SELECT p.job_id,
           greatest(p.initial_start, p.started, c.chunk_creation_time,
                    p.age + CASE WHEN p.by_creation THEN c.chunk_creation_time ELSE c.range_end END)
             AS since,
           p.schedule_interval
      FROM policy p
      JOIN timescaledb_information.chunks c
        ON c.hypertable_schema = p.schema_name AND c.hypertable_name = p.table_name
     WHERE NOT (p.compresses AND c.is_compressed)
       AND (p.never_ran_since IS NULL
            OR EXISTS (SELECT FROM pg_catalog.pg_class k
                         JOIN pg_catalog.pg_namespace n ON n.oid = k.relnamespace
                        WHERE n.nspname = c.chunk_schema AND k.relname = c.chunk_name
                          AND pg_catalog.age(k.xmin) <= p.never_ran_since))
)
SELECT job_id, pg_catalog.count(*) AS chunks,
       (pg_catalog.now() - pg_catalog.min(since))::text AS behind
  FROM due
 WHERE since + 2::float8 * schedule_interval < pg_catalog.now()
 GROUP BY job_id
