-- Triggers, rules and row security policies, apart from what TimescaleDB and constraints make.
WITH relation AS (
    SELECT c.oid, n.nspname AS schema_name, c.relname AS table_name
      FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = ANY(:schemas)
       AND c.relkind IN ('r', 'p', 'f', 'v', 'm') AND NOT c.relispartition
)
SELECT schema_name, table_name, 'trigger' AS kind, t.tgname AS name,
       pg_catalog.pg_get_triggerdef(t.oid, true)
       || CASE WHEN t.tgenabled = 'D' THEN ' (disabled)' ELSE '' END AS definition
  FROM relation JOIN pg_catalog.pg_trigger t ON t.tgrelid = relation.oid
 WHERE NOT t.tgisinternal
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                     JOIN pg_catalog.pg_extension x
                       ON x.oid = e.refobjid AND x.extname = 'timescaledb'
                    WHERE e.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                      AND e.objid = t.tgfoid AND e.deptype = 'e')
UNION ALL
SELECT schema_name, table_name, 'rule', r.rulename, pg_catalog.pg_get_ruledef(r.oid, true)
  FROM relation JOIN pg_catalog.pg_rewrite r ON r.ev_class = relation.oid
   -- A view is a table with this rule.
 WHERE r.rulename <> '_RETURN'
UNION ALL
SELECT schema_name, table_name, 'row_security_policy', p.polname,
       pg_catalog.format('%s for %s', CASE WHEN p.polpermissive THEN 'permissive'
                                           ELSE 'restrictive' END,
                         CASE p.polcmd WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert'
                                       WHEN 'w' THEN 'update' WHEN 'd' THEN 'delete'
                                       ELSE 'all' END)
  FROM relation JOIN pg_catalog.pg_policy p ON p.polrelid = relation.oid
