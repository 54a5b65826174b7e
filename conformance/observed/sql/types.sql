-- Enum types that columns in scope use.
SELECT DISTINCT tn.nspname AS schema_name, t.typname AS type_name,
       ARRAY(SELECT e.enumlabel FROM pg_catalog.pg_enum e
              WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder)::text[] AS labels
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_catalog.pg_type u ON u.oid = a.atttypid
  JOIN pg_catalog.pg_type t ON t.oid IN (u.oid, u.typelem) AND t.typtype = 'e'
  JOIN pg_catalog.pg_namespace tn ON tn.oid = t.typnamespace
 WHERE n.nspname = ANY(:schemas) AND c.relkind IN ('r', 'p', 'f')
