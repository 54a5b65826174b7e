-- What sets a chunk apart from its hypertable.
WITH chunk AS (
    SELECT n.nspname AS schema_name, h.relname AS table_name, h.oid AS hypertable,
           h.relpersistence AS expected_persistence, h.relrowsecurity AS expected_row_security,
           c.oid, c.relname AS chunk_name, c.relpersistence, c.relrowsecurity, c.relhasrules,
           c.relhastriggers, d.dimensions
      FROM (SELECT hypertable_schema, hypertable_name, pg_catalog.count(*) AS dimensions
              FROM timescaledb_information.dimensions
             WHERE hypertable_schema = ANY(:schemas)
             GROUP BY 1, 2) AS d
      JOIN pg_catalog.pg_namespace n ON n.nspname = d.hypertable_schema
      JOIN pg_catalog.pg_class h ON h.relnamespace = n.oid AND h.relname = d.hypertable_name
      JOIN pg_catalog.pg_inherits i ON i.inhparent = h.oid
      JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relkind = 'r'
), relation AS (
    SELECT schema_name, table_name, chunk_name, oid, hypertable, dimensions FROM chunk
    UNION
    SELECT schema_name, table_name, NULL, hypertable, hypertable, dimensions FROM chunk
), part AS (
    -- What a relation has of keys, checks and indexes. Columns by name: a chunk that was made after
    -- a column was dropped counts them otherwise.
    SELECT relation.*, coalesce(k.conname, x.relname) AS name,
           CASE WHEN i.indisprimary THEN 'primary key'
                WHEN k.contype = 'u' THEN 'unique constraint'
                WHEN k.contype = 'x' THEN 'exclusion constraint'
                WHEN i.indisunique THEN 'unique index'
                ELSE 'index' END AS kind,
           pg_catalog.concat_ws(' ', x.relam, i.indnkeyatts, i.indclass, i.indcollation,
               i.indoption, i.indnullsnotdistinct, i.indimmediate, k.conexclop,
               ARRAY(SELECT (SELECT a.attname FROM pg_catalog.pg_attribute a
                              WHERE a.attrelid = i.indrelid AND a.attnum = key.attnum)
                       FROM pg_catalog.unnest(i.indkey) AS key (attnum)),
               i.indexprs IS NULL, i.indpred IS NULL,
               -- Of expressions the columns: a chunk gets them with their constants worked out, so
               -- that `IN ('a', 'b')` and `size > 1000` read otherwise there.
               CASE WHEN i.indexprs IS NOT NULL OR i.indpred IS NOT NULL THEN
                   ARRAY(SELECT a.attname
                           FROM pg_catalog.pg_depend d
                           JOIN pg_catalog.pg_attribute a
                             ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
                          WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass::oid
                            AND d.objid = i.indexrelid AND d.refobjid = i.indrelid
                            AND d.refobjsubid > 0
                          ORDER BY a.attname)
               END) AS definition
      FROM relation
      JOIN pg_catalog.pg_index i ON i.indrelid = relation.oid
      JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
      LEFT JOIN pg_catalog.pg_constraint k
        ON k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u', 'x')
    UNION ALL
    SELECT relation.*, k.conname, 'foreign key',
           pg_catalog.concat_ws(' ', k.confrelid, k.confkey, k.confupdtype, k.confdeltype,
               k.confdelsetcols, k.confmatchtype, k.condeferrable, k.condeferred,
               ARRAY(SELECT (SELECT a.attname FROM pg_catalog.pg_attribute a
                              WHERE a.attrelid = k.conrelid AND a.attnum = key.attnum)
                       FROM pg_catalog.unnest(k.conkey) AS key (attnum)))
      FROM relation JOIN pg_catalog.pg_constraint k ON k.conrelid = relation.oid
     WHERE k.contype = 'f' AND k.conparentid = 0::oid
    UNION ALL
    -- Those that a chunk does not inherit are counted below.
    SELECT relation.*, k.conname, 'check constraint', k.conname
      FROM relation JOIN pg_catalog.pg_constraint k ON k.conrelid = relation.oid
     WHERE k.contype = 'c' AND NOT k.connoinherit
       AND (k.coninhcount > 0 OR relation.oid = relation.hypertable)
), part_of_hypertable AS MATERIALIZED (
    SELECT hypertable, kind, definition, name FROM part WHERE oid = hypertable
), surplus AS (
    -- Of each part, how many more than its hypertable a chunk has.
    SELECT schema_name, table_name, chunk_name, kind, pg_catalog.sum(amount) AS amount,
           pg_catalog.min(name) AS name
      FROM (SELECT schema_name, table_name, chunk_name, oid, kind, definition, name, 1 AS amount
              FROM part WHERE oid <> hypertable
            UNION ALL
            SELECT schema_name, table_name, chunk_name, oid, kind, definition, name, -1
              FROM chunk JOIN part_of_hypertable USING (hypertable)) AS either
     GROUP BY schema_name, table_name, chunk_name, oid, kind, definition
    HAVING pg_catalog.sum(amount) <> 0
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
SELECT schema_name, table_name, chunk_name, 'alteration', 'has rule '::text || r.rulename::text
  FROM chunk JOIN pg_catalog.pg_rewrite r ON r.ev_class = chunk.oid
 WHERE relhasrules
UNION ALL
SELECT schema_name, table_name, chunk_name, 'alteration', 'has trigger '::text || t.tgname::text
  FROM chunk JOIN pg_catalog.pg_trigger t ON t.tgrelid = chunk.oid
 WHERE relhastriggers AND NOT t.tgisinternal
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger p
                    WHERE p.tgrelid = chunk.hypertable AND p.tgname = t.tgname)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                    WHERE e.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass::oid
                      AND e.objid = t.tgfoid AND e.deptype = 'e')
UNION ALL
SELECT DISTINCT schema_name, table_name, chunk_name, 'alteration',
       'has disabled trigger '::text || CASE WHEN t.tgisinternal THEN
           coalesce('of constraint '::text || k.conname::text, t.tgname) ELSE t.tgname END
  FROM chunk
  JOIN pg_catalog.pg_trigger t ON t.tgrelid = chunk.oid
  LEFT JOIN pg_catalog.pg_constraint k ON k.oid = t.tgconstraint
 WHERE relhastriggers AND t.tgenabled IN ('D', 'R')
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger p
                    WHERE p.tgrelid = chunk.hypertable AND p.tgenabled IN ('D', 'R')
                      AND (p.tgname = t.tgname OR t.tgisinternal AND p.tgisinternal))
UNION ALL
SELECT schema_name, table_name, chunk_name, 'alteration',
       CASE WHEN amount < 0 THEN 'lacks ' ELSE 'adds ' END || kind::text || ' '::text || name::text
  FROM surplus
UNION ALL
SELECT schema_name, table_name, chunk_name, 'alteration', 'adds a check constraint'
  FROM relation JOIN pg_catalog.pg_constraint k ON k.conrelid = relation.oid
 WHERE relation.oid <> relation.hypertable AND k.contype = 'c' AND k.coninhcount = 0
 GROUP BY schema_name, table_name, chunk_name, relation.oid, dimensions
       -- TimescaleDB gives a chunk one for each dimension at the most.
HAVING pg_catalog.count(*) > dimensions
UNION ALL
SELECT schema_name, table_name, chunk_name, 'alteration', 'has the invalid index '::text || x.relname::text
  FROM chunk
  JOIN pg_catalog.pg_index i ON i.indrelid = chunk.oid
  JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
 WHERE NOT (i.indisvalid AND i.indisready AND i.indislive)
 ORDER BY 1, 2, 3, 4, 5
