-- What the server's catalogs are: PostgreSQL's tables, and what belongs to TimescaleDB's extension,
-- whatever schema it is in.
SELECT CASE WHEN x.oid IS NULL THEN c.relname
            ELSE pg_catalog.concat(n.nspname, '.', c.relname) END AS relation,
       x.oid IS NOT NULL AS of_timescaledb,
       ARRAY(SELECT a.attname FROM pg_catalog.pg_attribute a
              WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)::text[] AS columns
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN (pg_catalog.pg_depend e
             JOIN pg_catalog.pg_extension x ON x.oid = e.refobjid AND x.extname = 'timescaledb')
    ON e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass::oid AND e.objid = c.oid
   AND e.deptype = 'e'
 WHERE (c.relnamespace = 'pg_catalog'::pg_catalog.regnamespace AND c.relkind = 'r'
        AND c.oid < 16384::oid)
    OR (x.oid IS NOT NULL AND c.relkind IN ('r', 'v', 'm', 'p', 'f'))
