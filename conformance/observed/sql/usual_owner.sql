-- The owner of most tables of the schemas in scope; no row where there is no table.
SELECT t.relowner AS owner
  FROM pg_catalog.pg_class t JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
 WHERE n.nspname = ANY(:schemas) AND t.relkind IN ('r', 'p', 'f') AND NOT t.relispartition
 GROUP BY 1 ORDER BY pg_catalog.count(*) DESC, pg_catalog.pg_get_userbyid(t.relowner)
 LIMIT 1
