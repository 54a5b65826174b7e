-- How tables, columns and indexes are kept, where that is not PostgreSQL's default.
WITH relation AS (
    SELECT c.oid, n.nspname AS schema_name, c.relname AS table_name, c.relkind, c.reloptions,
           c.reltablespace, c.reltoastrelid, c.relreplident, c.reloftype
      FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = ANY(:schemas)
       AND c.relkind IN ('r', 'p', 'f', 'm') AND NOT c.relispartition
), attribute AS MATERIALIZED (
    -- The few columns that are kept otherwise, from one reading of all columns.
    SELECT r.schema_name, r.table_name, a.attname, a.attnum, a.attoptions, a.attstorage,
           a.attcompression, a.attstattarget, t.typstorage
      FROM relation r
      JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND NOT a.attisdropped
      LEFT JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
     WHERE a.attoptions IS NOT NULL
        OR a.attnum > 0 AND (a.attstorage <> t.typstorage OR a.attcompression <> ''
                             OR a.attstattarget >= 0)
), index AS MATERIALIZED (
    SELECT r.schema_name, r.table_name, x.relname, x.reloptions, x.reltablespace, x.relam
      FROM relation r
      JOIN pg_catalog.pg_index i ON i.indrelid = r.oid
      JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
     WHERE x.reloptions IS NOT NULL OR x.reltablespace <> 0::oid
), parameter AS (
    SELECT r.schema_name, r.table_name, '' AS part, entry, NULL::name AS method
      FROM relation r CROSS JOIN LATERAL pg_catalog.unnest(r.reloptions) AS entry
    UNION ALL
    SELECT r.schema_name, r.table_name, '', 'toast.'::text || entry::text, NULL
      FROM relation r
      JOIN pg_catalog.pg_class t ON t.oid = r.reltoastrelid AND t.reloptions IS NOT NULL
     CROSS JOIN LATERAL pg_catalog.unnest(t.reloptions) AS entry
    UNION ALL
    SELECT x.schema_name, x.table_name, x.relname, entry, m.amname
      FROM index x
      JOIN pg_catalog.pg_am m ON m.oid = x.relam
     CROSS JOIN LATERAL pg_catalog.unnest(x.reloptions) AS entry
    UNION ALL
    SELECT a.schema_name, a.table_name, a.attname, entry, NULL
      FROM attribute a CROSS JOIN LATERAL pg_catalog.unnest(a.attoptions) AS entry
     -- Some servers keep numbers of their own here, pg_attver for one, which differ in each database.
     WHERE entry NOT LIKE 'pg\_%'::text
)
SELECT schema_name, table_name, part, pg_catalog.split_part(entry, '=', 1) AS attribute,
       pg_catalog.substr(entry, pg_catalog.strpos(entry, '=') + 1) AS value, method
  FROM parameter
UNION ALL
SELECT schema_name, table_name, attname, 'storage',
       CASE attstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external' WHEN 'm' THEN 'main'
                       ELSE 'extended' END, NULL
  FROM attribute WHERE attnum > 0 AND attstorage <> typstorage
UNION ALL
SELECT schema_name, table_name, attname, 'compression',
       CASE attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4'
                           ELSE attcompression::text END, NULL
  FROM attribute WHERE attnum > 0 AND attcompression <> ''
UNION ALL
-- NULL from PostgreSQL 17 on, -1 before.
SELECT schema_name, table_name, attname, 'statistics', attstattarget::text, NULL
  FROM attribute WHERE attnum > 0 AND attstattarget >= 0
UNION ALL
SELECT r.schema_name, r.table_name, '', 'tablespace', s.spcname, NULL
  FROM relation r JOIN pg_catalog.pg_tablespace s ON s.oid = r.reltablespace
UNION ALL
SELECT x.schema_name, x.table_name, x.relname, 'tablespace', s.spcname, NULL
  FROM index x JOIN pg_catalog.pg_tablespace s ON s.oid = x.reltablespace
UNION ALL
SELECT h.hypertable_schema, h.hypertable_name, '', 'tablespaces',
       pg_catalog.array_to_string(h.tablespaces, ', '), NULL
  FROM timescaledb_information.hypertables h
 WHERE h.hypertable_schema = ANY(:schemas) AND h.tablespaces IS NOT NULL
UNION ALL
-- A function of the user's own says in which chunk a row is.
SELECT h.schema_name, h.table_name, d.column_name, 'partitioning_function',
       pg_catalog.concat(d.partitioning_func_schema, '.', d.partitioning_func), NULL
  FROM _timescaledb_catalog.dimension d
  JOIN _timescaledb_catalog.hypertable h ON h.id = d.hypertable_id
 WHERE h.schema_name = ANY(:schemas) AND d.partitioning_func IS NOT NULL
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_namespace n
                     JOIN pg_catalog.pg_depend e
                       ON e.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass::oid
                      AND e.objid = n.oid AND e.deptype = 'e'
                    WHERE n.nspname = d.partitioning_func_schema)
UNION ALL
SELECT r.schema_name, r.table_name, '', 'replica_identity',
       -- An index that was dropped leaves none.
       CASE r.relreplident WHEN 'n' THEN 'nothing' WHEN 'f' THEN 'full'
            ELSE coalesce((SELECT 'index '::text || x.relname::text
                             FROM pg_catalog.pg_index i
                             JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
                            WHERE i.indrelid = r.oid AND i.indisreplident), 'nothing') END, NULL
  FROM relation r
 WHERE r.relreplident <> 'd' AND r.relkind <> 'f'
UNION ALL
-- A materialized view that was never refreshed cannot be read.
SELECT r.schema_name, r.table_name, '', 'populated', 'off', NULL
  FROM relation r JOIN pg_catalog.pg_class c ON c.oid = r.oid WHERE NOT c.relispopulated
UNION ALL
-- An unlogged sequence of a logged table starts again after a crash.
SELECT r.schema_name, r.table_name, a.attname, 'sequence', 'unlogged', NULL
  FROM pg_catalog.pg_class s
  JOIN pg_catalog.pg_depend d
    ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass::oid AND d.objid = s.oid
   AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass::oid AND d.deptype IN ('a', 'i')
  JOIN relation r ON r.oid = d.refobjid
  JOIN pg_catalog.pg_class c ON c.oid = r.oid AND c.relpersistence = 'p'
  JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attnum = d.refobjsubid
 WHERE s.relkind = 'S' AND s.relpersistence = 'u'
UNION ALL
SELECT r.schema_name, r.table_name, '', 'of_type', pg_catalog.format_type(r.reloftype, NULL), NULL
  FROM relation r WHERE r.reloftype <> 0::oid
