-- Tables of the schemas in scope, apart from those of extensions and partitions of other tables.
WITH referring AS MATERIALIZED (
    -- Foreign keys of tables in other schemas; those of chunks and partitions are their table's.
    SELECT k.confrelid AS oid,
           pg_catalog.array_agg(pg_catalog.concat(n.nspname, '.', c.relname, '.', k.conname)
                                ORDER BY n.nspname, c.relname, k.conname) AS keys
      FROM pg_catalog.pg_constraint k
      JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE k.contype = 'f' AND k.conparentid = 0::oid
       -- Told before the joins: a database may have a foreign key for each of many chunks.
       AND k.connamespace NOT IN (
           SELECT s.oid FROM pg_catalog.pg_namespace s WHERE s.nspname = ANY(:schemas)
            UNION ALL
           SELECT e.objid
             FROM pg_catalog.pg_extension x
             JOIN pg_catalog.pg_depend e
               ON e.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass::oid
              AND e.refobjid = x.oid AND e.deptype = 'e'
            WHERE e.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass::oid
              AND x.extname = 'timescaledb')
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid)
     GROUP BY 1
)
SELECT n.nspname AS schema_name,
       c.relname AS table_name,
       c.relkind AS kind,
       c.relpersistence AS persistence,
       c.relrowsecurity AS row_security,
       c.relforcerowsecurity AS force_row_security,
       -- An owner is bound by row security that is forced; a superuser and BYPASSRLS never are.
       CASE WHEN c.relrowsecurity THEN
           ARRAY(SELECT r.rolname FROM pg_catalog.pg_roles r
                  WHERE r.rolbypassrls AND NOT r.rolsuper
                    AND (r.oid <> c.relowner OR c.relforcerowsecurity)
                    AND pg_catalog.has_table_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE, DELETE')
                  ORDER BY 1)::text[] ELSE '{}' END AS bypassing,
       -- Publications for which an UPDATE or DELETE must tell the row that it was, where nothing
       -- does: without an identity, with one that the column list leaves out, or with a filter by
       -- columns outside of it.
       ARRAY(SELECT p.pubname
               FROM pg_catalog.pg_publication p
               LEFT JOIN pg_catalog.pg_publication_rel r
                 ON r.prpubid = p.oid AND r.prrelid = c.oid
              WHERE (p.pubupdate OR p.pubdelete)
                AND (p.puballtables OR r.oid IS NOT NULL
                     OR EXISTS (SELECT FROM pg_catalog.pg_publication_namespace s
                                 WHERE s.pnpubid = p.oid AND s.pnnspid = c.relnamespace))
                AND c.relkind = 'r' AND c.relpersistence = 'p'
                AND CASE WHEN c.relreplident = 'f' THEN r.prattrs IS NOT NULL
                         ELSE identity.attributes IS NULL
                              OR EXISTS (SELECT
                                           FROM pg_catalog.unnest(identity.attributes) AS needed
                                          WHERE needed <> ALL (r.prattrs::smallint[]))
                              OR EXISTS (SELECT
                                           FROM pg_catalog.regexp_matches(
                                                    r.prqual::text, '[:]varattno (\d+)', 'g') AS used
                                          WHERE used[1]::smallint <> ALL (identity.attributes))
                     END
              ORDER BY 1)::text[] AS refusing,
       pg_catalog.pg_get_userbyid(c.relowner) AS owner,
       -- Of a superuser nothing can be withheld.
       CASE WHEN c.relacl IS NULL OR (SELECT r.rolsuper FROM pg_catalog.pg_roles r
                                       WHERE r.oid = c.relowner) THEN '{}'::text[]
            ELSE ARRAY(SELECT pg_catalog.lower(usual.privilege_type)
                         FROM pg_catalog.aclexplode(
                                  pg_catalog.acldefault('r', c.relowner)) AS usual
                        WHERE NOT EXISTS (SELECT FROM pg_catalog.aclexplode(c.relacl) AS acl
                                           WHERE acl.grantee = c.relowner
                                             AND acl.privilege_type = usual.privilege_type)
                        ORDER BY 1)::text[] END
       -- Foreign keys and policies run as the owner.
       || CASE WHEN pg_catalog.has_schema_privilege(c.relowner, n.oid, 'USAGE') THEN '{}'
               ELSE ARRAY[pg_catalog.concat('usage on schema ', n.nspname)] END AS withheld,
       -- A partitioned or foreign table has none of its own; that its kind differs says enough.
       coalesce(am.amname, 'heap') AS access_method,
       ARRAY(SELECT p.relname
               FROM pg_catalog.pg_inherits i
               JOIN pg_catalog.pg_class p ON p.oid = i.inhparent
              WHERE i.inhrelid = c.oid
              ORDER BY 1)::text[] AS inherits,
       coalesce((SELECT r.keys FROM referring r WHERE r.oid = c.oid), '{}') AS referred_to_by,
       CASE WHEN c.relkind = 'p' THEN pg_catalog.pg_get_partkeydef(c.oid) END AS partitioned_by,
       -- Of a partition of a partition, the name of the latter comes first.
       CASE WHEN c.relkind = 'p' THEN
           ARRAY(SELECT pg_catalog.concat(CASE WHEN t.level > 1 THEN t.parentrelid::text || ': '::text END,
                                          pg_catalog.pg_get_expr(k.relpartbound, k.oid))
                   FROM pg_catalog.pg_partition_tree(c.oid) AS t
                   JOIN pg_catalog.pg_class k ON k.oid = t.relid::oid
                  WHERE t.level > 0
                  ORDER BY 1)::text[]
       END AS partitions,
       -- The children of a hypertable are its chunks: TimescaleDB refuses any others.
       CASE WHEN EXISTS (SELECT FROM timescaledb_information.dimensions d
                          WHERE d.hypertable_schema = n.nspname AND d.hypertable_name = c.relname)
            THEN '{}'
            ELSE ARRAY(SELECT k.relname
                         FROM pg_catalog.pg_inherits i
                         JOIN pg_catalog.pg_class k ON k.oid = i.inhrelid
                        WHERE i.inhparent = c.oid
                        ORDER BY 1)::text[]
       END AS inherited_by
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam
  -- The replica identity: PostgreSQL takes no key that is checked at the end of a transaction.
  LEFT JOIN LATERAL (
       SELECT ARRAY(SELECT k.attribute
                      FROM pg_catalog.unnest(i.indkey::smallint[])
                           WITH ORDINALITY AS k(attribute, place)
                     WHERE k.place <= i.indnkeyatts) AS attributes
         FROM pg_catalog.pg_index i
        WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate
          AND CASE c.relreplident WHEN 'd' THEN i.indisprimary WHEN 'i' THEN i.indisreplident END
       ) AS identity ON true
 WHERE n.nspname = ANY(:schemas)
   AND c.relkind IN ('r', 'p', 'f')
   AND NOT c.relispartition
   -- A chunk is no table of its own, wherever create_hypertable() put it.
   AND c.oid NOT IN (SELECT i.inhrelid
                       FROM timescaledb_information.hypertables h
                       JOIN pg_catalog.pg_namespace p ON p.nspname = h.hypertable_schema
                       JOIN pg_catalog.pg_class t
                         ON t.relnamespace = p.oid AND t.relname = h.hypertable_name
                       JOIN pg_catalog.pg_inherits i ON i.inhparent = t.oid)
   AND c.relname <> :version_table
   -- Alembic's own under a name that env.py gives it: by what Alembic makes it of.
   AND NOT (EXISTS (SELECT FROM pg_catalog.pg_constraint k
                     WHERE k.conrelid = c.oid AND k.contype = 'p'
                       AND k.conname = c.relname::text || '_pkc'::text)
            AND ARRAY(SELECT a.attname::text || ' '::text || pg_catalog.format_type(a.atttypid, a.atttypmod)
                        FROM pg_catalog.pg_attribute a
                       WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
                = ARRAY['version_num character varying(32)'])
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                    WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass::oid
                      AND e.objid = c.oid AND e.deptype = 'e')
