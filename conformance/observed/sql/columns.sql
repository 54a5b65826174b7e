-- Columns, with the sequence that an identity or serial column owns.
SELECT n.nspname AS schema_name,
       c.relname AS table_name,
       a.attname AS column_name,
       pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,
       a.attnotnull AS not_null,
       -- PostgreSQL 18 lists NOT NULL as constraints and may leave them unvalidated.
       EXISTS (SELECT FROM pg_catalog.pg_constraint k
                WHERE k.conrelid = c.oid AND k.contype = 'n' AND k.conkey = ARRAY[a.attnum]
                  AND NOT k.convalidated) AS not_null_unvalidated,
       a.attidentity AS identity,
       a.attgenerated AS generated,
       pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS default_sql,
       CASE WHEN a.attcollation <> t.typcollation THEN l.collname END AS collation,
       s.seqtypid::pg_catalog.regtype::text AS sequence_type,
       s.seqstart AS start, s.seqincrement AS increment, s.seqmin AS minvalue, s.seqmax AS maxvalue,
       s.seqcache AS cache, s.seqcycle AS cycle
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation
  LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
  LEFT JOIN pg_catalog.pg_depend o
    ON o.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass::oid
   AND o.refobjid = c.oid AND o.refobjsubid = a.attnum
   AND o.classid = 'pg_catalog.pg_class'::pg_catalog.regclass::oid
   AND (o.deptype = 'i'
        -- A serial column: the sequence belongs to the column, and the default draws from it.
        OR o.deptype = 'a' AND EXISTS (
            SELECT FROM pg_catalog.pg_depend u
             WHERE u.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass::oid AND u.objid = d.oid
               AND u.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass::oid
               AND u.refobjid = o.objid))
   AND EXISTS (SELECT FROM pg_catalog.pg_sequence q WHERE q.seqrelid = o.objid)
  LEFT JOIN pg_catalog.pg_sequence s ON s.seqrelid = o.objid
 WHERE n.nspname = ANY(:schemas)
   AND c.relkind IN ('r', 'p', 'f')
   AND NOT c.relispartition
 ORDER BY c.oid, a.attnum
