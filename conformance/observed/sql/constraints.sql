-- Primary keys, unique constraints, foreign keys, checks and exclusions.
SELECT n.nspname AS schema_name,
       c.relname AS table_name,
       k.conname AS constraint_name,
       k.contype AS type,
       -- Unnested alone, an array keeps its order.
       ARRAY(SELECT (SELECT a.attname FROM pg_catalog.pg_attribute a
                      WHERE a.attrelid = k.conrelid AND a.attnum = key.attnum)
               FROM pg_catalog.unnest(k.conkey) AS key (attnum))::text[] AS columns,
       ARRAY(SELECT a.attname
               FROM pg_catalog.generate_series(i.indnkeyatts::int, i.indnatts - 1) AS position
               JOIN pg_catalog.pg_attribute a
                 ON a.attrelid = c.oid AND a.attnum = i.indkey[position]
              ORDER BY position)::text[] AS include,
       i.indnullsnotdistinct AS nulls_not_distinct,
       i.indisvalid AND i.indisready AND i.indislive AS valid,
       k.condeferrable AS deferrable,
       k.condeferred AS deferred,
       k.convalidated AS validated,
       -- Declared NOT ENFORCED (PostgreSQL 18), or its triggers are disabled.
       (pg_catalog.current_setting('server_version_num')::int < 180000
        OR (pg_catalog.to_jsonb(k) ->> 'conenforced'::text)::boolean)
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t
                        WHERE t.tgconstraint = k.oid AND t.tgenabled IN ('D', 'R')) AS enforced,
       -- WITHOUT OVERLAPS or PERIOD (PostgreSQL 18).
       pg_catalog.current_setting('server_version_num')::int >= 180000
       AND (pg_catalog.to_jsonb(k) ->> 'conperiod'::text)::boolean AS over_periods,
       rn.nspname AS referred_schema,
       r.relname AS referred_table,
       ARRAY(SELECT (SELECT a.attname FROM pg_catalog.pg_attribute a
                      WHERE a.attrelid = k.confrelid AND a.attnum = key.attnum)
               FROM pg_catalog.unnest(k.confkey) AS key (attnum))::text[] AS referred_columns,
       k.confdeltype AS on_delete,
       k.confupdtype AS on_update,
       k.confmatchtype AS match,
       k.confdelsetcols IS NOT NULL AS sets_some,
       ARRAY(SELECT (SELECT a.attname FROM pg_catalog.pg_attribute a
                      WHERE a.attrelid = k.conrelid AND a.attnum = key.attnum)
               FROM pg_catalog.unnest(k.confdelsetcols) AS key (attnum))::text[] AS set_columns,
       pg_catalog.pg_get_expr(k.conbin, k.conrelid) AS expression,
       -- Of an exclusion, whose parts may be expressions.
       CASE WHEN k.contype = 'x' THEN
           (SELECT am.amname FROM pg_catalog.pg_class x
              JOIN pg_catalog.pg_am am ON am.oid = x.relam WHERE x.oid = k.conindid)
       END AS method,
       ARRAY(SELECT pg_catalog.pg_get_indexdef(k.conindid, position, false)
               FROM pg_catalog.generate_series(1, i.indnkeyatts::int) AS position
              WHERE k.contype = 'x' ORDER BY position) AS excluded,
       ARRAY(SELECT (SELECT o.oprname FROM pg_catalog.pg_operator o WHERE o.oid = used.oid)
               FROM pg_catalog.unnest(k.conexclop) AS used (oid))::text[] AS operators,
       CASE WHEN k.contype = 'x' THEN pg_catalog.pg_get_expr(i.indpred, i.indrelid) END AS predicate
  FROM pg_catalog.pg_constraint k
  JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = k.conindid AND k.contype IN ('p', 'u', 'x')
  LEFT JOIN pg_catalog.pg_class r ON r.oid = k.confrelid AND k.contype = 'f'
  LEFT JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace
 WHERE n.nspname = ANY(:schemas)
   AND c.relkind IN ('r', 'p', 'f')
   AND NOT c.relispartition
   AND k.contype IN ('p', 'u', 'f', 'c', 'x')
   -- A foreign key to a partitioned table has one more row for each partition.
   AND NOT (k.contype = 'f' AND k.conparentid <> 0::oid)
