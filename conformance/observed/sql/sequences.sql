-- Sequences of the schemas in scope, apart from those that are a part of an identity column.
SELECT n.nspname AS schema_name, c.relname AS sequence_name,
       s.seqtypid::pg_catalog.regtype::text AS type,
       s.seqstart AS start, s.seqincrement AS increment, s.seqmin AS minvalue, s.seqmax AS maxvalue,
       s.seqcache AS cache, s.seqcycle AS cycle,
       c.relpersistence <> 'p' AS unlogged,
       -- Of a serial column, or said by OWNED BY: it goes with the column.
       o.refobjid::pg_catalog.regclass::text AS owned_by,
       CASE WHEN c.relowner <> usual.owner THEN pg_catalog.pg_get_userbyid(c.relowner)
       END AS another_owner
  FROM pg_catalog.pg_sequence s
  JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN conformance_usual_owner AS usual ON true
  LEFT JOIN pg_catalog.pg_depend o
    ON o.classid = 'pg_catalog.pg_class'::pg_catalog.regclass::oid AND o.objid = c.oid
   AND o.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass::oid
   AND o.refobjsubid > 0 AND o.deptype IN ('a', 'i')
 WHERE n.nspname = ANY(:schemas)
   AND c.relpersistence <> 't'
   AND o.deptype IS DISTINCT FROM 'i'
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                    WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass::oid
                      AND e.objid = c.oid AND e.deptype = 'e')
