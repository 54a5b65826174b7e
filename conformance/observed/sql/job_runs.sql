-- How often jobs ran, how often they failed, and what the last failure said.
SELECT s.job_id, s.total_runs AS total, s.total_failures AS failed,
       s.last_run_status = 'Failed' AS last_failed,
       -- Only members of the owner see it.
       e.err_message AS error
  FROM timescaledb_information.job_stats s
  LEFT JOIN LATERAL (
       SELECT j.err_message
         FROM timescaledb_information.job_errors j
        WHERE j.job_id = s.job_id AND s.total_failures > 0
        ORDER BY j.start_time DESC
        LIMIT 1) AS e ON true
 WHERE s.total_runs IS NOT NULL
