-- Enum types that columns in scope use, and the owners of composite types in scope.
SELECT DISTINCT 'type' AS kind, tn.nspname AS schema_name, t.typname AS type_name,
       ARRAY(SELECT e.enumlabel FROM pg_catalog.pg_enum e
              WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder)::text[] AS labels,
       pg_catalog.pg_get_userbyid(t.typowner) AS owner,
       -- A type of an extension or of another schema may be anybody's.
       CASE WHEN tn.nspname = ANY(:schemas)
             AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                              WHERE e.classid = 'pg_catalog.pg_type'::pg_catalog.regclass::oid
                                AND e.objid = t.oid AND e.deptype = 'e')
            THEN pg_catalog.pg_get_userbyid(usual.owner) END AS usual_owner
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_catalog.pg_type u ON u.oid = a.atttypid
  JOIN pg_catalog.pg_type t ON t.oid IN (u.oid, u.typelem) AND t.typtype = 'e'
  JOIN pg_catalog.pg_namespace tn ON tn.oid = t.typnamespace
  LEFT JOIN conformance_usual_owner AS usual ON true
 WHERE n.nspname = ANY(:schemas) AND c.relkind IN ('r', 'p', 'f')
UNION ALL
SELECT 'composite_type', n.nspname, c.relname, NULL,
       pg_catalog.pg_get_userbyid(c.relowner), pg_catalog.pg_get_userbyid(usual.owner)
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN conformance_usual_owner AS usual ON true
 WHERE n.nspname = ANY(:schemas) AND c.relkind = 'c'
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                    WHERE e.classid = 'pg_catalog.pg_type'::pg_catalog.regclass::oid
                      AND e.objid = c.reltype AND e.deptype = 'e')
