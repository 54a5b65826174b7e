-- What sets a chunk apart from its hypertable, and a partition from its partitioned table.
WITH plain AS (
    SELECT d.schema_name, d.table_name, h.oid AS hypertable,
           h.relpersistence AS expected_persistence, h.relrowsecurity AS expected_row_security,
           h.relforcerowsecurity AS expected_force,
           h.relowner AS expected_owner, h.reloptions AS expected_options, h.relacl AS expected_acl,
           c.oid, c.relname AS chunk_name, c.relpersistence, c.relrowsecurity,
           c.relforcerowsecurity, c.relhasrules, c.relhastriggers, c.relowner, c.reloptions,
           c.relacl, d.dimensions,
           false AS is_partition, false AS is_compressed
      FROM (SELECT d.hypertable_schema, d.hypertable_name, pg_catalog.count(*) AS dimensions,
                   -- The chunks of a continuous aggregate are of the hypertable that has its rows.
                   coalesce(a.view_schema, d.hypertable_schema) AS schema_name,
                   coalesce(a.view_name, d.hypertable_name) AS table_name
              FROM timescaledb_information.dimensions d
              LEFT JOIN conformance_aggregate_names AS a
                ON a.materialization_hypertable_schema = d.hypertable_schema
               AND a.materialization_hypertable_name = d.hypertable_name
             WHERE coalesce(a.view_schema, d.hypertable_schema) = ANY(:schemas)
             GROUP BY 1, 2, 4, 5) AS d
      JOIN pg_catalog.pg_namespace n ON n.nspname = d.hypertable_schema
      JOIN pg_catalog.pg_class h ON h.relnamespace = n.oid AND h.relname = d.hypertable_name
      JOIN pg_catalog.pg_inherits i ON i.inhparent = h.oid
      JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relkind = 'r'
    UNION ALL
    SELECT n.nspname, root.relname, h.oid, h.relpersistence, h.relrowsecurity,
           h.relforcerowsecurity, h.relowner, h.reloptions, h.relacl, c.oid, c.relname,
           c.relpersistence, c.relrowsecurity, c.relforcerowsecurity, c.relhasrules,
           c.relhastriggers, c.relowner, c.reloptions, c.relacl, 0, true, false
      FROM pg_catalog.pg_partitioned_table t
      JOIN pg_catalog.pg_class h ON h.oid = t.partrelid
      JOIN pg_catalog.pg_inherits i ON i.inhparent = h.oid
      JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relkind <> 'I'
      -- One that is half detached is a root of its own.
      JOIN pg_catalog.pg_class root ON root.oid = pg_catalog.pg_partition_root(h.oid)::oid
      JOIN pg_catalog.pg_namespace n ON n.oid = root.relnamespace AND n.nspname = ANY(:schemas)
), chunk AS (
    SELECT * FROM plain
    UNION ALL
    -- The tables that have the compressed rows of chunks.
    SELECT p.schema_name, p.table_name, p.hypertable, p.expected_persistence,
           p.expected_row_security, p.expected_force, p.expected_owner,
           p.expected_options || '{toast_tuple_target=128}'::text[], p.expected_acl, c.oid, c.relname,
           c.relpersistence, c.relrowsecurity, c.relforcerowsecurity, c.relhasrules,
           c.relhastriggers, c.relowner, c.reloptions, c.relacl, 0, false, true
      FROM (SELECT pg_catalog.format('%s', s.relid) AS chunk,
                   pg_catalog.to_jsonb(s) ->> 'compress_relid'::text AS compressed
              FROM _timescaledb_catalog.compression_settings s
            UNION
            -- The older catalog.
            SELECT pg_catalog.format('%I.%I', k.entry ->> 'schema_name'::text,
                                     k.entry ->> 'table_name'::text),
                   pg_catalog.format('%I.%I', z.entry ->> 'schema_name'::text,
                                     z.entry ->> 'table_name'::text)
              FROM (SELECT pg_catalog.to_jsonb(k) AS entry FROM _timescaledb_catalog.chunk k) AS k
              JOIN (SELECT pg_catalog.to_jsonb(z) AS entry FROM _timescaledb_catalog.chunk z) AS z
                ON z.entry ->> 'id'::text = k.entry ->> 'compressed_chunk_id'::text) AS pair
      -- Of a name in a schema that this role may not use, to_regclass() is an error. Hypertables, which
      -- have settings too, may be in one.
      JOIN plain p ON p.oid = pg_catalog.to_regclass(
               CASE WHEN pair.compressed IS NOT NULL THEN pair.chunk END)::oid
      JOIN pg_catalog.pg_class c ON c.oid = pg_catalog.to_regclass(pair.compressed)::oid
    UNION ALL
    -- The hypertable that these tables belong to, which has no dimension; later versions have none.
    SELECT p.schema_name, p.table_name, p.hypertable, p.expected_persistence,
           p.expected_row_security, p.expected_force, p.expected_owner,
           p.expected_options || '{toast_tuple_target=128}'::text[], p.expected_acl, c.oid, c.relname,
           c.relpersistence, c.relrowsecurity, c.relforcerowsecurity, c.relhasrules,
           c.relhastriggers, c.relowner, c.reloptions, c.relacl, -1, false, true
      FROM (SELECT DISTINCT ON (hypertable) * FROM plain WHERE NOT is_partition) AS p
      JOIN pg_catalog.pg_class h ON h.oid = p.hypertable
      JOIN pg_catalog.pg_namespace hn ON hn.oid = h.relnamespace
      JOIN _timescaledb_catalog.hypertable o
        ON o.schema_name = hn.nspname AND o.table_name = h.relname
      JOIN _timescaledb_catalog.hypertable z
        ON z.id = (pg_catalog.to_jsonb(o) ->> 'compressed_hypertable_id'::text)::integer
      JOIN pg_catalog.pg_namespace n ON n.nspname = z.schema_name
      JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = z.table_name
), known AS MATERIALIZED (
    SELECT k.chunk_schema, k.chunk_name, k.is_compressed
      FROM timescaledb_information.chunks k
     WHERE k.chunk_name IS NOT NULL
), relation AS (
    SELECT oid, hypertable, pg_catalog.count(*) OVER (PARTITION BY hypertable) AS chunks
      FROM chunk WHERE NOT is_compressed
    UNION
    SELECT hypertable, hypertable, pg_catalog.count(*)
      FROM chunk WHERE NOT is_compressed GROUP BY hypertable
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
               END) AS definition,
           pg_catalog.pg_get_expr(i.indexprs, i.indrelid) AS expressions,
           pg_catalog.pg_get_expr(i.indpred, i.indrelid) AS predicate
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
                       FROM pg_catalog.unnest(k.conkey) AS key (attnum))),
           NULL, NULL
      FROM relation
     -- By the index. The planner takes the chunks for a few, and would compare each with each key.
     CROSS JOIN LATERAL (
           SELECT * FROM pg_catalog.pg_constraint k
            WHERE k.conrelid = relation.oid AND k.contype = 'f'
              -- One that refers to a partitioned table has parts for its partitions.
              AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint whole
                               WHERE whole.oid = k.conparentid AND whole.conrelid = k.conrelid)
           OFFSET 0) AS k
    UNION ALL
    -- Those that a chunk does not inherit are counted below.
    SELECT relation.*, k.conname, 'check constraint', k.conname, NULL, NULL
      FROM relation JOIN pg_catalog.pg_constraint k ON k.conrelid = relation.oid
     WHERE k.contype = 'c' AND NOT k.connoinherit
       AND (k.coninhcount > 0 OR relation.oid = relation.hypertable)
), amount AS (
    SELECT oid, hypertable, chunks, kind, definition, pg_catalog.count(*) AS amount,
           pg_catalog.count(DISTINCT pg_catalog.concat(expressions, ' WHERE '::text, predicate))
               FILTER (WHERE oid = hypertable) AS different,
           pg_catalog.min(name) AS name
      FROM part GROUP BY 1, 2, 3, 4, 5
), beside AS (
    -- How many the hypertable has, and how many chunks have it. A join of the chunks with the parts
    -- of hypertables would compare each with each.
    SELECT *,
           pg_catalog.max(amount) FILTER (WHERE oid = hypertable) OVER same AS wanted,
           pg_catalog.max(different) FILTER (WHERE oid = hypertable) OVER same AS wanted_different,
           pg_catalog.min(name) FILTER (WHERE oid = hypertable) OVER same AS usual_name,
           pg_catalog.count(*) FILTER (WHERE oid <> hypertable) OVER same AS holders
      FROM amount
    WINDOW same AS (PARTITION BY hypertable, kind, definition COLLATE "C")
), formula AS (
    -- The expressions and predicates of the indexes of one definition, in one order.
    SELECT oid, hypertable, kind, definition,
           pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(expressions, predicate)
                                ORDER BY expressions COLLATE "C", predicate COLLATE "C")::text AS formulas,
           pg_catalog.array_agg(name::text
                                ORDER BY expressions COLLATE "C", predicate COLLATE "C") AS names
      FROM part WHERE expressions IS NOT NULL OR predicate IS NOT NULL
     GROUP BY 1, 2, 3, 4
), reading AS (
    SELECT *,
           pg_catalog.max(formulas) FILTER (WHERE oid = hypertable) OVER same AS wanted,
           pg_catalog.max(names) FILTER (WHERE oid = hypertable) OVER same AS wanted_names
      FROM formula
    WINDOW same AS (PARTITION BY hypertable, kind, definition COLLATE "C")
), surplus AS (
    -- Of each part, how many more than its hypertable a chunk has. A new chunk gets one index for all
    -- that are the same, of which one may belong to a constraint; an older chunk gets each.
    SELECT oid, kind, amount - coalesce(wanted, 0) AS amount,
           least(name, usual_name) AS name
      FROM beside
     WHERE oid <> hypertable AND amount IS DISTINCT FROM wanted
       AND NOT coalesce(kind IN ('index', 'unique index')
                        AND amount BETWEEN wanted_different AND wanted, false)
    UNION ALL
    SELECT c.oid, b.kind, -b.amount, b.name
      FROM beside b JOIN chunk c USING (hypertable)
     WHERE b.oid = b.hypertable AND b.holders < b.chunks AND NOT c.is_compressed
       AND NOT EXISTS (SELECT FROM amount a
                        WHERE a.oid = c.oid AND a.definition = b.definition
                          AND (a.kind = b.kind
                               OR b.kind = 'unique index'
                               AND a.kind IN ('primary key', 'unique constraint')))
), described AS NOT MATERIALIZED (
    SELECT t.oid, t.tgrelid, t.tgname, t.tgisinternal, t.tgfoid, t.tgtype, t.tgargs,
           -- WHEN, or OF columns, without the name of the table.
           CASE WHEN t.tgqual IS NOT NULL OR t.tgattr::text <> '' THEN
               pg_catalog.regexp_replace(pg_catalog.pg_get_triggerdef(t.oid),
                   ' ON ("[^"]+"|[^ .]+)[.]("[^"]+"|[^ ]+) '::text, ' '::text) END AS fires
      FROM pg_catalog.pg_trigger t
), blocker AS MATERIALIZED (
    SELECT * FROM conformance_insert_blocker AS b
), orphan AS MATERIALIZED (
    -- Tables with the name of a chunk and without a parent.
    SELECT c.relname, c.relnamespace,
           pg_catalog.substring(c.relname::text, '^(.*)_[0-9]+_chunk$')::name AS prefix
      FROM pg_catalog.pg_class c
     WHERE c.relkind = 'r' AND pg_catalog.right(c.relname::text, 6) = '_chunk'
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid)
)
SELECT schema_name, table_name, chunk_name, differs.aspect, '' AS detail, is_partition
  FROM timescaledb_information.chunk_compression_settings s
  JOIN timescaledb_information.hypertable_compression_settings e USING (hypertable)
  JOIN chunk ON chunk.oid = s.chunk
 CROSS JOIN LATERAL (
     -- From 2.22 on; a text in the view. TimescaleDB adds one for each column of the order.
     SELECT pg_catalog.string_agg(pg_catalog.concat(entry ->> 'type'::text, entry ->> 'column'::text), ','
                       ORDER BY entry ->> 'type'::text, entry ->> 'column'::text) AS of_all,
            pg_catalog.bool_or(entry ->> 'source'::text = 'config'::text) AS were_set
       FROM pg_catalog.jsonb_array_elements(
                (pg_catalog.to_jsonb(s) ->> 'index'::text)::pg_catalog.jsonb) AS entry
      WHERE entry ->> 'source'::text <> 'orderby'::text AND entry ? 'column'::text) AS own
 CROSS JOIN LATERAL (
     SELECT pg_catalog.string_agg(pg_catalog.concat(entry ->> 'type'::text, entry ->> 'column'::text), ','
                       ORDER BY entry ->> 'type'::text, entry ->> 'column'::text)
                FILTER (WHERE entry ? 'column'::text) AS of_all,
            pg_catalog.count(*) > 0 AS are_set
       FROM pg_catalog.jsonb_array_elements(
                (pg_catalog.to_jsonb(e) ->> 'index'::text)::pg_catalog.jsonb) AS entry
      WHERE entry ->> 'source'::text = 'config'::text) AS whole
 CROSS JOIN LATERAL (VALUES
     -- Since 2.22 an order that nobody has set is chosen for each chunk, when it is compressed.
     ('settings', (e.segmentby IS NOT NULL OR e.orderby IS NOT NULL)
                  AND (s.segmentby, s.orderby)
                      IS DISTINCT FROM (e.segmentby, coalesce(e.orderby, s.orderby))),
     ('sparse', CASE WHEN whole.are_set THEN own.of_all IS DISTINCT FROM whole.of_all
                     ELSE own.were_set END)) AS differs (aspect, is_so)
 WHERE differs.is_so
UNION ALL
SELECT schema_name, table_name, chunk_name, 'alteration',
       'is not logged as its '::text || CASE WHEN is_partition THEN 'table' ELSE 'hypertable' END || ' is'::text,
       is_partition
  FROM chunk WHERE relpersistence <> expected_persistence
UNION ALL
SELECT schema_name, table_name, chunk_name, 'alteration', 'has row security of its own', is_partition
  -- That of the hypertable or table holds for what reads through it, and chunks do not get it.
  FROM chunk
 WHERE relrowsecurity > expected_row_security OR relforcerowsecurity > expected_force
    OR EXISTS (SELECT FROM pg_catalog.pg_policy p
                WHERE p.polrelid = chunk.oid
                  AND NOT EXISTS (SELECT FROM pg_catalog.pg_policy h
                                   WHERE h.polrelid = chunk.hypertable AND h.polname = p.polname))
UNION ALL
SELECT schema_name, table_name, chunk_name, 'alteration',
       'belongs to '::text || pg_catalog.pg_get_userbyid(relowner)::text, is_partition
  FROM chunk WHERE relowner <> expected_owner
UNION ALL
-- What keeps the planner's statistics old, or the number of workers fixed.
SELECT schema_name, table_name, chunk_name, 'alteration', 'has '::text || entry::text, is_partition
  FROM chunk CROSS JOIN LATERAL pg_catalog.unnest(chunk.reloptions) AS entry
 WHERE entry ~ '^autovacuum_enabled=(f|of|n|0)|^parallel_workers='::text
   AND (expected_options IS NULL OR entry <> ALL(expected_options))
UNION ALL
SELECT schema_name, table_name, chunk_name, 'storage', 'has '::text || entry::text, is_partition
  FROM chunk CROSS JOIN LATERAL pg_catalog.unnest(chunk.reloptions) AS entry
 WHERE entry !~ '^autovacuum_enabled=(f|of|n|0)|^parallel_workers='::text
   AND (expected_options IS NULL OR entry <> ALL(expected_options))
UNION ALL
SELECT schema_name, table_name, chunk_name,
       CASE WHEN entry ~ '^autovacuum_enabled=(f|of|n|0)'::text THEN 'alteration' ELSE 'storage' END,
       'has toast.'::text || entry::text, is_partition
  -- First the few tables of long values that have an option.
  FROM (SELECT c.oid, long.oid AS toast, entry
          FROM pg_catalog.pg_class long
          JOIN pg_catalog.pg_class c ON c.reltoastrelid = long.oid
         CROSS JOIN LATERAL pg_catalog.unnest(long.reloptions) AS entry
         WHERE long.relkind = 't' AND long.reloptions IS NOT NULL
        OFFSET 0) AS found
  JOIN chunk USING (oid)
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_class h
                     JOIN pg_catalog.pg_class long ON long.oid = h.reltoastrelid
                    WHERE h.oid = chunk.hypertable AND entry = ANY(long.reloptions))
UNION ALL
SELECT schema_name, table_name, chunk_name, 'alteration',
       'has access method '::text || m.amname::text, is_partition
  FROM chunk
  JOIN pg_catalog.pg_class c USING (oid)
  JOIN pg_catalog.pg_class h ON h.oid = chunk.hypertable AND h.relam NOT IN (0::oid, c.relam)
  JOIN pg_catalog.pg_am m ON m.oid = c.relam
 WHERE NOT is_compressed
UNION ALL
-- Rows that are written to a partition itself get its own defaults.
SELECT schema_name, table_name, chunk_name, 'storage',
       pg_catalog.concat_ws(' ', 'column', a.attname, 'has',
           CASE WHEN a.attstattarget <> -1 THEN 'statistics '::text || a.attstattarget::text END,
           NULLIF(options.own::text, '{}'::text),
           CASE WHEN a.attstorage <> p.attstorage THEN 'storage '::text || a.attstorage::text END,
           CASE WHEN a.atthasdef IS DISTINCT FROM p.atthasdef THEN 'a default of its own' END),
       is_partition
  -- Few columns of all chunks, found before they are compared with those of the hypertable.
  FROM (SELECT chunk.schema_name, chunk.table_name, chunk.chunk_name, chunk.hypertable,
               chunk.is_partition, a.attname, a.attstattarget, a.attoptions, a.attstorage,
               a.atthasdef
          FROM chunk
          JOIN pg_catalog.pg_attribute a
            ON a.attrelid = chunk.oid AND a.attnum > 0 AND NOT a.attisdropped
          JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
         WHERE (a.attstattarget >= 0 OR a.attoptions IS NOT NULL OR a.attstorage <> t.typstorage
                OR chunk.is_partition AND a.atthasdef)
           -- TimescaleDB sets those of compressed columns.
           AND NOT chunk.is_compressed
        OFFSET 0) AS a
  JOIN pg_catalog.pg_attribute p ON p.attrelid = a.hypertable AND p.attname = a.attname
 CROSS JOIN LATERAL (
     -- Some servers keep numbers of their own here, pg_attver for one, which differ in each table.
     SELECT ARRAY(SELECT entry FROM pg_catalog.unnest(a.attoptions) AS entry
                   WHERE entry NOT LIKE 'pg\_%'::text) AS own,
            ARRAY(SELECT entry FROM pg_catalog.unnest(p.attoptions) AS entry
                   WHERE entry NOT LIKE 'pg\_%'::text) AS whole) AS options
 WHERE (coalesce(a.attstattarget, -1), options.own, a.attstorage, a.atthasdef)
       IS DISTINCT FROM (coalesce(p.attstattarget, -1), options.whole, p.attstorage, p.atthasdef)
UNION ALL
SELECT schema_name, table_name, chunk_name, 'storage',
       'has replica identity '::text || c.relreplident::text, is_partition
  FROM chunk JOIN pg_catalog.pg_class c USING (oid)
  JOIN pg_catalog.pg_class p ON p.oid = chunk.hypertable AND p.relreplident <> c.relreplident
 WHERE is_partition AND c.relreplident <> 'd'
UNION ALL
-- What a role is given is named alone, as on a table. Partitions are tables of their own in this.
SELECT schema_name, table_name, chunk_name,
       CASE WHEN acl.grantee = 0::oid THEN 'alteration' ELSE 'privilege' END,
       pg_catalog.concat('gives ', CASE WHEN acl.grantee = 0::oid THEN 'PUBLIC'
                                        ELSE pg_catalog.pg_get_userbyid(acl.grantee)::text END, ' ',
           pg_catalog.string_agg(pg_catalog.lower(acl.privilege_type), ', ' ORDER BY acl.privilege_type)),
       is_partition
  FROM chunk CROSS JOIN LATERAL pg_catalog.aclexplode(chunk.relacl) AS acl
 WHERE relacl IS NOT NULL
   AND (acl.grantee = 0::oid OR NOT is_partition AND acl.grantee NOT IN (relowner, expected_owner))
   AND NOT EXISTS (SELECT FROM pg_catalog.aclexplode(chunk.expected_acl) AS given
                    WHERE given.grantee = acl.grantee AND given.privilege_type = acl.privilege_type)
 GROUP BY schema_name, table_name, chunk_name, chunk.oid, is_partition, acl.grantee
UNION ALL
SELECT DISTINCT schema_name, table_name, chunk_name,
       CASE WHEN acl.grantee = 0::oid THEN 'alteration' ELSE 'privilege' END,
       pg_catalog.concat('gives ', CASE WHEN acl.grantee = 0::oid THEN 'PUBLIC'
                                        ELSE pg_catalog.pg_get_userbyid(acl.grantee)::text END, ' ',
                         pg_catalog.lower(acl.privilege_type), ' of column ', a.attname),
       is_partition
  FROM chunk
  JOIN pg_catalog.pg_attribute a ON a.attrelid = chunk.oid AND a.attacl IS NOT NULL
 CROSS JOIN LATERAL pg_catalog.aclexplode(a.attacl) AS acl
 WHERE (acl.grantee = 0::oid OR NOT is_partition AND acl.grantee NOT IN (relowner, expected_owner))
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute p
                    CROSS JOIN LATERAL pg_catalog.aclexplode(p.attacl) AS given
                    WHERE p.attrelid = chunk.hypertable AND p.attname = a.attname
                      AND given.grantee = acl.grantee AND given.privilege_type = acl.privilege_type)
UNION ALL
-- CHUNK_STATUS_FROZEN. The catalog names a chunk by its OID from 2.29 on.
SELECT schema_name, table_name, chunk_name, 'alteration', 'is frozen, and refuses writes', is_partition
  FROM chunk
  JOIN (SELECT pg_catalog.to_regclass(
                   coalesce(entry ->> 'relid'::text,
                            pg_catalog.format('%I.%I', entry ->> 'schema_name'::text,
                                              entry ->> 'table_name'::text)))::oid AS oid
          FROM (SELECT pg_catalog.to_jsonb(k) AS entry FROM _timescaledb_catalog.chunk k
                 WHERE k.status::int4 & 4 <> 0) AS found) AS frozen USING (oid)
UNION ALL
-- Queries find a chunk by its ranges in TimescaleDB's catalog. Compressed rows have none of their own.
SELECT schema_name, table_name, chunk_name, 'alteration',
       'has no range in the catalog, so that queries miss its rows', is_partition
  FROM chunk
  JOIN pg_catalog.pg_class c USING (oid)
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE NOT is_partition AND NOT is_compressed
   AND (n.nspname, c.relname) NOT IN (SELECT k.chunk_schema, k.chunk_name FROM known k)
UNION ALL
-- CHUNK_STATUS_COMPRESSED. Without it some versions read the plain rows alone, others the compressed ones.
SELECT schema_name, table_name, p.chunk_name, 'alteration',
       'has compressed rows that its status denies, so that queries miss rows', false
  FROM plain AS p
  JOIN pg_catalog.pg_class c USING (oid)
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE NOT is_partition
   AND EXISTS (SELECT FROM _timescaledb_catalog.compression_settings s
                WHERE s.relid = p.oid AND pg_catalog.to_jsonb(s) ->> 'compress_relid'::text IS NOT NULL)
   -- IS TRUE has the planner look each up in a hash table.
   AND ((n.nspname, c.relname) IN (SELECT k.chunk_schema, k.chunk_name FROM known k
                                    WHERE NOT k.is_compressed)) IS TRUE
UNION ALL
-- Without the row of its settings, or the table of its rows, the server may end at a query of such a chunk.
-- Older catalogs have neither in one place.
SELECT schema_name, table_name, p.chunk_name, 'alteration',
       'lacks the compressed rows that its status tells of, so that queries fail', false
  FROM plain AS p
  JOIN pg_catalog.pg_class c USING (oid)
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE NOT is_partition
   AND ((n.nspname, c.relname) IN (SELECT k.chunk_schema, k.chunk_name FROM known k
                                    WHERE k.is_compressed)) IS TRUE
   AND NOT EXISTS (SELECT FROM _timescaledb_catalog.compression_settings s
                    WHERE s.relid = p.oid
                      -- The OID of one that is gone prints as a number.
                      AND pg_catalog.to_jsonb(s) ->> 'compress_relid'::text !~ '^[0-9]+$'::text)
   AND EXISTS (SELECT FROM pg_catalog.pg_attribute a
                WHERE a.attrelid = '_timescaledb_catalog.compression_settings'::pg_catalog.regclass::oid
                  AND a.attname = 'compress_relid')
UNION ALL
-- Queries of the hypertable read no row of it, and some versions refuse UPDATE and DELETE.
SELECT schema_name, table_name, chunk_name, 'alteration',
       pg_catalog.concat('has the child table ', n.nspname, '.', c.relname), is_partition
  FROM (SELECT i.inhparent AS oid, i.inhrelid AS child FROM pg_catalog.pg_inherits i
         WHERE EXISTS (SELECT FROM pg_catalog.pg_inherits p WHERE p.inhrelid = i.inhparent)
        OFFSET 0) AS i
  JOIN chunk USING (oid)
  JOIN pg_catalog.pg_class c ON c.oid = i.child
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE NOT is_partition AND NOT is_compressed
UNION ALL
-- From 2.29 on the catalog has a chunk's OID, which prints as a number where the table is gone; the
-- views of older versions fail at one that is. One that is dropped meanwhile is still in pg_class.
SELECT coalesce(a.view_schema, h.schema_name), coalesce(a.view_name, h.table_name),
       pg_catalog.concat('chunk ', lost.id), 'alteration',
       'has lost its table, so that drop_chunks() and policies fail', false
  FROM (SELECT k.id, k.hypertable_id, pg_catalog.to_jsonb(k) ->> 'relid'::text AS oid
          FROM _timescaledb_catalog.chunk k) AS lost
  JOIN _timescaledb_catalog.hypertable h ON h.id = lost.hypertable_id
  LEFT JOIN conformance_aggregate_names AS a
    ON a.materialization_hypertable_schema = h.schema_name
   AND a.materialization_hypertable_name = h.table_name
 WHERE coalesce(a.view_schema, h.schema_name) = ANY(:schemas)
   AND CASE WHEN lost.oid ~ '^[0-9]+$'::text THEN
           NOT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = lost.oid::oid) END
UNION ALL
-- A table among the chunks, with the name of a chunk of the hypertable and without a parent.
SELECT h.schema_name, h.table_name, c.relname, 'alteration',
       'is detached, and its rows are no longer those of the hypertable', false
  FROM orphan AS c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  -- By the index that the catalog has of prefixes, and not each with each hypertable.
 CROSS JOIN LATERAL (
       SELECT h.schema_name, h.table_name
         FROM _timescaledb_catalog.hypertable h
        WHERE h.associated_schema_name = n.nspname AND h.associated_table_prefix = c.prefix
       OFFSET 0) AS h
 WHERE h.schema_name = ANY(:schemas)
UNION ALL
-- What an interrupted DETACH PARTITION CONCURRENTLY leaves.
SELECT schema_name, table_name, chunk_name, 'alteration',
       'is half detached, and queries of its table miss its rows', is_partition
  FROM chunk JOIN pg_catalog.pg_inherits i ON i.inhrelid = chunk.oid AND i.inhdetachpending
 WHERE is_partition
UNION ALL
-- A row comes into a partition through its table, whose columns may be NULL.
SELECT schema_name, table_name, chunk_name, 'alteration',
       'has column '::text || a.attname::text || ' NOT NULL'::text, is_partition
  FROM chunk
  JOIN pg_catalog.pg_attribute a
    ON a.attrelid = chunk.oid AND a.attnotnull AND a.attnum > 0 AND NOT a.attisdropped
 WHERE is_partition
   AND EXISTS (SELECT FROM pg_catalog.pg_attribute p
                WHERE p.attrelid = chunk.hypertable AND p.attname = a.attname AND NOT p.attnotnull)
UNION ALL
SELECT schema_name, table_name, chunk_name, 'alteration', 'has rule '::text || r.rulename::text,
       is_partition
  FROM chunk JOIN pg_catalog.pg_rewrite r ON r.ev_class = chunk.oid
 WHERE relhasrules
UNION ALL
SELECT schema_name, table_name, chunk_name, 'alteration', 'has trigger '::text || t.tgname::text,
       is_partition
  FROM chunk JOIN described t ON t.tgrelid = chunk.oid
 WHERE relhastriggers AND NOT t.tgisinternal
   AND NOT EXISTS (SELECT FROM described p
                    WHERE p.tgrelid = chunk.hypertable AND p.tgname = t.tgname
                      AND (p.tgfoid, p.tgtype, p.tgargs, p.fires)
                          IS NOT DISTINCT FROM (t.tgfoid, t.tgtype, t.tgargs, t.fires))
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                    WHERE e.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass::oid
                      AND e.objid = t.tgfoid AND e.deptype = 'e')
UNION ALL
-- TimescaleDB copies the row triggers of a hypertable to each chunk. PostgreSQL lets nobody drop that
-- of a partition.
SELECT schema_name, table_name, chunk_name, 'alteration', 'lacks trigger '::text || p.tgname::text,
       is_partition
  FROM chunk JOIN described p ON p.tgrelid = chunk.hypertable
 WHERE NOT is_partition AND NOT is_compressed AND NOT p.tgisinternal AND p.tgtype::int4 & 1 <> 0
   AND NOT EXISTS (SELECT FROM described t
                    WHERE t.tgrelid = chunk.oid AND t.tgname = p.tgname
                      AND (t.tgfoid, t.tgtype, t.tgargs, t.fires)
                          IS NOT DISTINCT FROM (p.tgfoid, p.tgtype, p.tgargs, p.fires))
   AND p.tgfoid NOT IN (SELECT b.oid FROM blocker b)
UNION ALL
-- A dump that is restored without timescaledb_pre_restore() gives it to chunks.
SELECT schema_name, table_name, chunk_name, 'alteration',
       'has trigger '::text || t.tgname::text || ', and refuses new rows'::text, is_partition
  FROM chunk JOIN pg_catalog.pg_trigger t ON t.tgrelid = chunk.oid
 WHERE t.tgfoid IN (SELECT b.oid FROM blocker b) AND NOT is_compressed
UNION ALL
SELECT DISTINCT schema_name, table_name, chunk_name, 'alteration',
       'has disabled trigger '::text || CASE WHEN t.tgisinternal THEN
           coalesce('of constraint '::text || k.conname::text, t.tgname) ELSE t.tgname END,
       is_partition
  FROM chunk
  JOIN pg_catalog.pg_trigger t ON t.tgrelid = chunk.oid
  LEFT JOIN pg_catalog.pg_constraint k ON k.oid = t.tgconstraint
 WHERE relhastriggers AND t.tgenabled IN ('D', 'R')
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger p
                    WHERE p.tgrelid = chunk.hypertable AND p.tgenabled IN ('D', 'R')
                      AND (p.tgname = t.tgname OR t.tgisinternal AND p.tgisinternal))
UNION ALL
SELECT schema_name, table_name, chunk_name, 'alteration',
       CASE WHEN amount < 0 THEN 'lacks ' ELSE 'adds ' END || kind::text || ' '::text || name::text,
       is_partition
  FROM surplus JOIN chunk USING (oid)
UNION ALL
-- One of a schema that is not checked. A foreign key to the hypertable has parts for its chunks.
SELECT schema_name, table_name, chunk_name, 'alteration',
       pg_catalog.concat('is referred to by ', n.nspname, '.', c.relname, '.', k.conname), is_partition
  -- By the index on children. The planner takes the chunks for a few, and would compare each with each key.
  FROM (SELECT * FROM pg_catalog.pg_constraint k
         WHERE k.contype = 'f'
           AND EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhrelid = k.confrelid)
        OFFSET 0) AS k
  JOIN chunk ON chunk.oid = k.confrelid
  JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE NOT n.nspname = ANY(:schemas)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint whole
                    WHERE whole.conrelid = k.conrelid AND whole.confrelid = chunk.hypertable)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhrelid = k.conrelid)
UNION ALL
-- Those that read otherwise may mean the same: the caller has them planned. A row for all chunks.
SELECT schema_name, table_name, pg_catalog.min(chunk_name), 'formulas',
       pg_catalog.jsonb_build_object(
           'kind', kind,
           'columns', (SELECT pg_catalog.jsonb_object_agg(a.attname, pg_catalog.format_type(
                                  a.atttypid, a.atttypmod))
                         FROM pg_catalog.pg_attribute a
                        WHERE a.attrelid = reading.hypertable AND a.attnum > 0
                          AND NOT a.attisdropped),
           'wanted', wanted::pg_catalog.jsonb, 'wanted_names', wanted_names,
           'found', formulas::pg_catalog.jsonb,
           'chunks', pg_catalog.jsonb_object_agg(chunk_name, names))::text,
       is_partition
  FROM reading JOIN chunk USING (oid, hypertable)
 WHERE formulas <> wanted
   AND pg_catalog.cardinality(names) = pg_catalog.cardinality(wanted_names)
 GROUP BY schema_name, table_name, hypertable, kind, definition, wanted, wanted_names, formulas,
          is_partition
UNION ALL
SELECT schema_name, table_name, chunk_name, 'alteration', 'adds a check constraint', is_partition
  FROM chunk JOIN pg_catalog.pg_constraint k ON k.conrelid = chunk.oid
 WHERE k.contype = 'c' AND k.coninhcount = 0
       -- One that says no more than the bounds of the partition spares ATTACH PARTITION a scan.
       AND NOT (is_partition AND pg_catalog.strpos(
               pg_catalog.translate(pg_catalog.pg_get_partition_constraintdef(chunk.oid), '() ', ''),
               pg_catalog.translate(pg_catalog.pg_get_expr(k.conbin, k.conrelid), '() ', '')) > 0)
 GROUP BY schema_name, table_name, chunk_name, chunk.oid, dimensions, is_partition
       -- TimescaleDB gives a chunk one for each dimension at the most.
HAVING pg_catalog.count(*) > dimensions
UNION ALL
-- TimescaleDB makes one index of a compressed chunk: of the columns of segmentby, and of columns of its
-- own for the order. Without a segmentby it makes none, or one of the latter, by its version. Before 2.8
-- it made one for each column of segmentby, and an upgrade leaves all as they are.
SELECT schema_name, table_name, chunk_name, 'alteration',
       CASE WHEN indexes > 1 THEN 'adds an index' WHEN indexes = 0 THEN 'lacks its index'
            ELSE 'has another index in place of its own' END, is_partition
  FROM (SELECT *, EXISTS (SELECT FROM pg_catalog.pg_attribute a
                            JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
                           WHERE a.attrelid = chunk.oid AND a.attnum > 0 AND NOT a.attisdropped
                             AND pg_catalog.left(a.attname::text, 9) <> '_ts_meta_'
                             AND t.typname <> 'compressed_data') AS is_segmented
          FROM chunk WHERE is_compressed AND dimensions >= 0) AS chunk
 CROSS JOIN LATERAL (
       SELECT pg_catalog.count(*) AS indexes,
              pg_catalog.bool_and(
                  x.indpred IS NULL
                  AND (pg_catalog.left(first.attname::text, 9) <> '_ts_meta_' OR NOT is_segmented)
                  AND pg_catalog.left(last.attname::text, 9) = '_ts_meta_') AS are_usual,
              pg_catalog.bool_and(last.attname = '_ts_meta_sequence_num') AS are_old
         FROM pg_catalog.pg_index x
         LEFT JOIN pg_catalog.pg_attribute first
           ON first.attrelid = x.indrelid AND first.attnum = x.indkey[0]
         LEFT JOIN pg_catalog.pg_attribute last
           ON last.attrelid = x.indrelid AND last.attnum = x.indkey[x.indnkeyatts - 1]
        WHERE x.indrelid = chunk.oid) AS i
 WHERE CASE WHEN indexes = 0 THEN is_segmented
            ELSE are_usual IS NOT TRUE OR indexes > 1 AND are_old IS NOT TRUE END
UNION ALL
SELECT schema_name, table_name, chunk_name, 'alteration', 'has the invalid index '::text || x.relname::text,
       is_partition
  FROM chunk
  JOIN pg_catalog.pg_index i ON i.indrelid = chunk.oid
  JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
 WHERE NOT (i.indisvalid AND i.indisready AND i.indislive)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index p
                    WHERE p.index_relid = i.indexrelid)
 ORDER BY 1, 2, 3, 4, 5
