-- Views and materialized views of the schemas in scope, apart from those of extensions and from
-- continuous aggregates, with their columns.
SELECT n.nspname AS schema_name,
       c.relname AS view_name,
       c.relkind AS kind,
       pg_catalog.pg_get_viewdef(c.oid) AS definition,
       CASE WHEN c.relkind = 'v' THEN coalesce(c.reloptions, '{}') END AS options,
       columns.names, columns.types
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 CROSS JOIN LATERAL (
       SELECT pg_catalog.array_agg(a.attname::text ORDER BY a.attnum) AS names,
              pg_catalog.array_agg(pg_catalog.format_type(a.atttypid, a.atttypmod)
                                   ORDER BY a.attnum) AS types
         FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0
     ) AS columns
 WHERE n.nspname = ANY(:schemas)
   AND c.relkind IN ('v', 'm')
   AND (n.nspname, c.relname) NOT IN (SELECT a.view_schema, a.view_name
                                        FROM timescaledb_information.continuous_aggregates a)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                    WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass::oid
                      AND e.objid = c.oid AND e.deptype = 'e')
