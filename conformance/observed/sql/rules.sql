-- Rules and row security policies of the tables and views in scope.
WITH relation AS (
    SELECT c.oid, n.nspname AS schema_name, c.relname AS table_name
      FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = ANY(:schemas)
       AND c.relkind IN ('r', 'p', 'f', 'v', 'm') AND NOT c.relispartition
)
SELECT schema_name, table_name, 'rule' AS kind, r.rulename AS name,
       pg_catalog.pg_get_ruledef(r.oid, true) AS definition, r.ev_enabled AS enabled,
       NULL AS command, NULL::boolean AS permissive, NULL::text[] AS roles,
       NULL AS using_sql, NULL AS check_sql
  FROM relation JOIN pg_catalog.pg_rewrite r ON r.ev_class = relation.oid
   -- A view is a relation with this rule.
 WHERE r.rulename <> '_RETURN'
UNION ALL
SELECT schema_name, table_name, 'row_security_policy', p.polname, NULL, NULL,
       CASE p.polcmd WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert' WHEN 'w' THEN 'update'
                     WHEN 'd' THEN 'delete' ELSE 'all' END,
       p.polpermissive,
       ARRAY(SELECT coalesce(r.rolname, 'public')
               FROM pg_catalog.unnest(p.polroles) AS role (oid)
               LEFT JOIN pg_catalog.pg_roles r ON r.oid = role.oid
              ORDER BY 1)::text[],
       pg_catalog.pg_get_expr(p.polqual, p.polrelid),
       pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)
  FROM relation JOIN pg_catalog.pg_policy p ON p.polrelid = relation.oid
