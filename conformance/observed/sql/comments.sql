-- Comments of relations and of their columns.
SELECT n.nspname AS schema_name, c.relname AS relation_name, coalesce(a.attname, '') AS column_name,
       d.description
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_description d
    ON d.objoid = c.oid AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass::oid
  LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid
 WHERE n.nspname = ANY(:schemas) AND c.relkind IN ('r', 'p', 'f', 'm', 'v') AND NOT c.relispartition
   AND (d.objsubid = 0 OR NOT a.attisdropped)
