-- Enum types, whether columns in scope use them, and the owners of composite and range types in scope.
WITH used AS (
    SELECT DISTINCT t.oid
      FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      JOIN pg_catalog.pg_type u ON u.oid = a.atttypid
      JOIN pg_catalog.pg_type t ON t.oid IN (u.oid, u.typelem) AND t.typtype = 'e'
     WHERE n.nspname = ANY(:schemas) AND c.relkind IN ('r', 'p', 'f')
), enum AS (
    -- A type of an extension or of another schema may be anybody's.
    SELECT t.oid, n.nspname, t.typname, t.typowner, t.oid IN (SELECT oid FROM used) AS is_used,
           n.nspname = ANY(:schemas)
           AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                            WHERE e.classid = 'pg_catalog.pg_type'::pg_catalog.regclass::oid
                              AND e.objid = t.oid AND e.deptype = 'e') AS is_own
      FROM pg_catalog.pg_type t
      JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
     WHERE t.typtype = 'e'
)
SELECT CASE WHEN enum.is_used THEN 'type' ELSE 'unused_type' END AS kind,
       enum.nspname AS schema_name, enum.typname AS type_name,
       ARRAY(SELECT e.enumlabel FROM pg_catalog.pg_enum e
              WHERE e.enumtypid = enum.oid ORDER BY e.enumsortorder)::text[] AS labels,
       pg_catalog.pg_get_userbyid(enum.typowner) AS owner,
       CASE WHEN enum.is_own THEN pg_catalog.pg_get_userbyid(usual.owner) END AS usual_owner
  FROM enum LEFT JOIN conformance_usual_owner AS usual ON true
 WHERE enum.is_used OR enum.is_own
UNION ALL
SELECT CASE t.typtype WHEN 'c' THEN 'composite_type' ELSE 'range_type' END,
       n.nspname, t.typname, NULL,
       pg_catalog.pg_get_userbyid(t.typowner), pg_catalog.pg_get_userbyid(usual.owner)
  FROM pg_catalog.pg_type t
  JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
  LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
  LEFT JOIN conformance_usual_owner AS usual ON true
 -- A table has a composite type as well.
 WHERE n.nspname = ANY(:schemas) AND (t.typtype = 'r' OR c.relkind = 'c')
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                    WHERE e.classid = 'pg_catalog.pg_type'::pg_catalog.regclass::oid
                      AND e.objid = t.oid AND e.deptype = 'e')
