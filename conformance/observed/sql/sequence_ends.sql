-- Sequences in scope that do not begin again: those of columns, and those of their own. What a
-- sequence is at is read from itself: the function that tells it would lock it.
SELECT n.nspname AS schema_name, c.relname AS sequence_name,
       pg_catalog.format('%I.%I', n.nspname, c.relname) AS quoted,
       pg_catalog.has_sequence_privilege(c.oid, 'SELECT') AS may_read,
       s.seqincrement AS increment,
       greatest(s.seqmin, -limits.largest - 1) AS smallest, least(s.seqmax, limits.largest) AS largest,
       t.relname AS column_table, tn.nspname AS column_schema, a.attname AS column_name,
       known.numbers, known.between
  FROM pg_catalog.pg_sequence s
  JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_depend o
    ON o.classid = 'pg_catalog.pg_class'::pg_catalog.regclass::oid AND o.objid = c.oid
   AND o.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass::oid
   AND o.refobjsubid > 0 AND o.deptype IN ('a', 'i')
  LEFT JOIN pg_catalog.pg_class t ON t.oid = o.refobjid
  LEFT JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
  LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = o.refobjsubid
 CROSS JOIN LATERAL (
       SELECT CASE a.atttypid WHEN 'int2'::pg_catalog.regtype::oid THEN 32767
                              WHEN 'int4'::pg_catalog.regtype::oid THEN 2147483647
                              ELSE 9223372036854775807 END::bigint AS largest) AS limits
 -- Numbers that rows had when the table was last analyzed, of columns that are a key by themselves:
 -- an audit reads no rows. TRUNCATE leaves them, but sets the count of rows to -1.
  LEFT JOIN LATERAL (
       SELECT p.histogram_bounds::text::bigint[] AS numbers,
              (t.reltuples / (pg_catalog.array_length(p.histogram_bounds, 1) - 1))::float8 AS between
         FROM pg_catalog.pg_stats p
        WHERE p.schemaname = tn.nspname AND p.tablename = t.relname AND p.attname = a.attname
          AND NOT p.inherited
          AND t.relkind = 'r' AND t.reltuples > 0
          AND a.atttypid IN ('int2'::pg_catalog.regtype::oid, 'int4'::pg_catalog.regtype::oid,
                             'int8'::pg_catalog.regtype::oid)
          AND EXISTS (SELECT FROM pg_catalog.pg_index i
                       WHERE i.indrelid = t.oid AND i.indisunique AND i.indisvalid
                         AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum)) AS known ON true
 WHERE n.nspname = ANY(:schemas)
   AND c.relpersistence <> 't'
   AND NOT s.seqcycle
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                    WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass::oid
                      AND e.objid = c.oid AND e.deptype = 'e')
 ORDER BY 1, 2
