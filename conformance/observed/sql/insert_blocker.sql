-- The function of the trigger ts_insert_blocker, which refuses rows in the table of a hypertable that
-- belong into chunks. TimescaleDB 2.23 has dropped both.
SELECT p.oid
  FROM pg_catalog.pg_proc p
  JOIN pg_catalog.pg_depend e
    ON e.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass::oid AND e.objid = p.oid
   AND e.deptype = 'e'
 WHERE p.proname = 'insert_blocker'
