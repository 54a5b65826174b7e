-- Domains of the schemas in scope, and those that columns in scope are of.
SELECT n.nspname AS schema_name, t.typname AS domain_name,
       pg_catalog.format_type(t.typbasetype, t.typtypmod) AS type,
       t.typnotnull AS not_null,
       t.typdefault AS default_sql,
       CASE WHEN t.typcollation <> b.typcollation THEN l.collname END AS collation,
       ARRAY(SELECT pg_catalog.pg_get_expr(k.conbin, 0)
               FROM pg_catalog.pg_constraint k
              WHERE k.contypid = t.oid AND k.contype = 'c'
              ORDER BY k.conname)::text[] AS checks,
       EXISTS (SELECT FROM pg_catalog.pg_constraint k
                WHERE k.contypid = t.oid AND k.contype = 'c' AND NOT k.convalidated) AS not_valid,
       pg_catalog.pg_get_userbyid(t.typowner) AS owner,
       -- A domain of another schema may be anybody's.
       CASE WHEN n.nspname = ANY(:schemas)
            THEN pg_catalog.pg_get_userbyid(usual.owner) END AS usual_owner
  FROM pg_catalog.pg_type t
  JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
  JOIN pg_catalog.pg_type b ON b.oid = t.typbasetype
  LEFT JOIN pg_catalog.pg_collation l ON l.oid = t.typcollation
  LEFT JOIN conformance_usual_owner AS usual ON true
 WHERE t.typtype = 'd' AND t.oid >= 16384::oid
   AND (n.nspname = ANY(:schemas)
        OR t.oid IN (SELECT a.atttypid
                       FROM pg_catalog.pg_attribute a
                       JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
                       JOIN pg_catalog.pg_namespace s ON s.oid = c.relnamespace
                      WHERE s.nspname = ANY(:schemas) AND c.relkind IN ('r', 'p', 'f')
                        AND a.attnum > 0 AND NOT a.attisdropped))
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                    WHERE e.classid = 'pg_catalog.pg_type'::pg_catalog.regclass::oid
                      AND e.objid = t.oid AND e.deptype = 'e')
