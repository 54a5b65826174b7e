-- What sets a chunk apart from its hypertable.
WITH chunk AS (
    SELECT n.nspname AS schema_name, h.relname AS table_name, h.oid AS hypertable,
           h.relpersistence AS expected_persistence, h.relrowsecurity AS expected_row_security,
           c.oid, c.relname AS chunk_name, c.relpersistence, c.relrowsecurity, c.relhasrules,
           c.relhastriggers
      FROM timescaledb_information.dimensions d
      JOIN pg_catalog.pg_namespace n ON n.nspname = d.hypertable_schema
      JOIN pg_catalog.pg_class h ON h.relnamespace = n.oid AND h.relname = d.hypertable_name
      JOIN pg_catalog.pg_inherits i ON i.inhparent = h.oid
      JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relkind = 'r'
     WHERE d.hypertable_schema = ANY(:schemas) AND d.dimension_number = 1
), constraint_count AS (
    SELECT conrelid, contype, pg_catalog.count(*) AS amount
      FROM pg_catalog.pg_constraint
     WHERE contype IN ('p', 'u', 'x', 'f') AND (contype <> 'f' OR conparentid = 0)
     GROUP BY conrelid, contype
), index_count AS (
    SELECT i.indrelid, i.indisunique, pg_catalog.count(*) AS amount
      FROM pg_catalog.pg_index i
     WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k
                        WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
     GROUP BY i.indrelid, i.indisunique
)
SELECT schema_name, table_name, chunk_name, 'settings' AS aspect, '' AS detail
  FROM timescaledb_information.chunk_compression_settings s
  JOIN timescaledb_information.hypertable_compression_settings e USING (hypertable)
  JOIN chunk ON chunk.oid = s.chunk
 WHERE (e.segmentby IS NOT NULL OR e.orderby IS NOT NULL)
   AND (s.segmentby, s.orderby) IS DISTINCT FROM (e.segmentby, e.orderby)
UNION ALL
SELECT schema_name, table_name, chunk_name, 'alteration', 'is not logged as its hypertable is'
  FROM chunk WHERE relpersistence <> expected_persistence
UNION ALL
SELECT schema_name, table_name, chunk_name, 'alteration', 'has row security of its own'
  FROM chunk WHERE relrowsecurity <> expected_row_security
UNION ALL
SELECT schema_name, table_name, chunk_name, 'alteration', 'has rule ' || r.rulename
  FROM chunk JOIN pg_catalog.pg_rewrite r ON r.ev_class = chunk.oid
 WHERE relhasrules
UNION ALL
SELECT schema_name, table_name, chunk_name, 'alteration', 'has trigger ' || t.tgname
  FROM chunk JOIN pg_catalog.pg_trigger t ON t.tgrelid = chunk.oid
 WHERE relhastriggers AND NOT t.tgisinternal
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger p
                    WHERE p.tgrelid = chunk.hypertable AND p.tgname = t.tgname)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                    WHERE e.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                      AND e.objid = t.tgfoid AND e.deptype = 'e')
UNION ALL
SELECT DISTINCT schema_name, table_name, chunk_name, 'alteration',
       'has disabled trigger ' || CASE WHEN t.tgisinternal THEN
           coalesce('of constraint ' || k.conname, t.tgname) ELSE t.tgname END
  FROM chunk
  JOIN pg_catalog.pg_trigger t ON t.tgrelid = chunk.oid
  LEFT JOIN pg_catalog.pg_constraint k ON k.oid = t.tgconstraint
 WHERE relhastriggers AND t.tgenabled IN ('D', 'R')
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger p
                    WHERE p.tgrelid = chunk.hypertable AND p.tgenabled IN ('D', 'R')
                      AND (p.tgname = t.tgname OR t.tgisinternal AND p.tgisinternal))
UNION ALL
SELECT schema_name, table_name, chunk_name, 'alteration',
       CASE WHEN coalesce(c.amount, 0) < coalesce(h.amount, 0) THEN 'lacks a ' ELSE 'adds a ' END
       || CASE kind.type WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique constraint'
                         WHEN 'f' THEN 'foreign key' ELSE 'exclusion constraint' END
  FROM chunk
 CROSS JOIN (VALUES ('p'::"char"), ('u'::"char"), ('x'::"char"), ('f'::"char")) AS kind (type)
  LEFT JOIN constraint_count h ON h.conrelid = chunk.hypertable AND h.contype = kind.type
  LEFT JOIN constraint_count c ON c.conrelid = chunk.oid AND c.contype = kind.type
 WHERE coalesce(c.amount, 0) <> coalesce(h.amount, 0)
UNION ALL
SELECT schema_name, table_name, chunk_name, 'alteration',
       CASE WHEN coalesce(c.amount, 0) < coalesce(h.amount, 0) THEN 'lacks ' ELSE 'adds ' END
       || CASE WHEN kind.is_unique THEN 'a unique index' ELSE 'an index' END
  FROM chunk
 CROSS JOIN (VALUES (true), (false)) AS kind (is_unique)
  LEFT JOIN index_count h ON h.indrelid = chunk.hypertable AND h.indisunique = kind.is_unique
  LEFT JOIN index_count c ON c.indrelid = chunk.oid AND c.indisunique = kind.is_unique
 WHERE coalesce(c.amount, 0) <> coalesce(h.amount, 0)
UNION ALL
SELECT schema_name, table_name, chunk_name, 'alteration', 'lacks check constraint ' || k.conname
  FROM chunk
  JOIN pg_catalog.pg_constraint k ON k.conrelid = chunk.hypertable AND k.contype = 'c'
 WHERE NOT k.connoinherit
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint own
                    WHERE own.conrelid = chunk.oid AND own.contype = 'c'
                      AND own.conname = k.conname)
UNION ALL
SELECT schema_name, table_name, chunk_name, 'alteration', 'has the invalid index ' || x.relname
  FROM chunk
  JOIN pg_catalog.pg_index i ON i.indrelid = chunk.oid
  JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
 WHERE NOT (i.indisvalid AND i.indisready AND i.indislive)
 ORDER BY 1, 2, 3, 4, 5
