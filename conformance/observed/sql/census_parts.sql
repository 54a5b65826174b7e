-- Of every table in scope, the names of its parts, a row for each kind. What a constraint, a column
-- or an extension brings along is a part of that and left out.
WITH relation AS (
    SELECT c.oid, n.nspname AS schema_name, c.relname AS table_name
      FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = ANY(:schemas) AND c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition
), part AS (
    SELECT a.attrelid AS oid, 'column' AS kind, pg_catalog.array_agg(a.attname) AS names
      FROM relation JOIN pg_catalog.pg_attribute a ON a.attrelid = relation.oid
     WHERE a.attnum > 0 AND NOT a.attisdropped
     GROUP BY 1
    UNION ALL
    SELECT k.conrelid,
           CASE k.contype WHEN 'p' THEN 'primary_key' WHEN 'u' THEN 'unique'
                          WHEN 'f' THEN 'foreign_key' WHEN 'c' THEN 'check'
                          WHEN 'x' THEN 'exclusion'
                          ELSE 'constraint of kind '::text || k.contype::text END,
           pg_catalog.array_agg(CASE WHEN k.contype = 'p' THEN '' ELSE k.conname END)
      FROM relation JOIN pg_catalog.pg_constraint k ON k.conrelid = relation.oid
     WHERE k.conparentid = 0::oid
       -- NOT NULL is said of the column; a constraint trigger is a trigger.
       AND k.contype NOT IN ('n', 't')
     GROUP BY 1, 2
    UNION ALL
    SELECT i.indrelid, 'index', pg_catalog.array_agg(x.relname)
      FROM relation
      JOIN pg_catalog.pg_index i ON i.indrelid = relation.oid
      JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
     WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k
                        WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
     GROUP BY 1
    UNION ALL
    SELECT t.tgrelid, 'trigger', pg_catalog.array_agg(t.tgname)
      FROM relation JOIN pg_catalog.pg_trigger t ON t.tgrelid = relation.oid
     WHERE NOT t.tgisinternal
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                         JOIN pg_catalog.pg_extension x
                           ON x.oid = e.refobjid AND x.extname = 'timescaledb'
                        WHERE e.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass::oid
                          AND e.objid = t.tgfoid AND e.deptype = 'e')
     GROUP BY 1
    UNION ALL
    SELECT r.ev_class, 'rule', pg_catalog.array_agg(r.rulename)
      FROM relation JOIN pg_catalog.pg_rewrite r ON r.ev_class = relation.oid
     GROUP BY 1
    UNION ALL
    SELECT p.polrelid, 'row_security_policy', pg_catalog.array_agg(p.polname)
      FROM relation JOIN pg_catalog.pg_policy p ON p.polrelid = relation.oid
     GROUP BY 1
)
SELECT schema_name, table_name, kind, names::text[] AS names
  FROM relation JOIN part ON part.oid = relation.oid
