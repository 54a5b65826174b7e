-- Indexes that do not belong to a constraint. Those of a continuous aggregate are on the hypertable
-- that it is materialized in, and are told as its own.
WITH relation AS (
    SELECT c.oid, n.nspname AS schema_name, c.relname AS table_name, NULL AS bucket_column
      FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = ANY(:schemas)
       AND c.relkind IN ('r', 'p', 'f', 'm')
       AND NOT c.relispartition
    UNION ALL
    SELECT h.oid, a.view_schema, a.view_name, d.column_name
      FROM conformance_aggregate_names AS a
      JOIN timescaledb_information.dimensions d
        ON d.hypertable_schema = a.materialization_hypertable_schema
       AND d.hypertable_name = a.materialization_hypertable_name AND d.dimension_number = 1
      JOIN pg_catalog.pg_namespace n ON n.nspname = a.materialization_hypertable_schema
      JOIN pg_catalog.pg_class h
        ON h.relnamespace = n.oid AND h.relname = a.materialization_hypertable_name
     WHERE a.view_schema = ANY(:schemas)
)
SELECT c.schema_name,
       c.table_name,
       c.bucket_column,
       x.relname AS index_name,
       am.amname AS method,
       i.indisunique AS is_unique,
       i.indnullsnotdistinct AS nulls_not_distinct,
       i.indisvalid AND i.indisready AND i.indislive AS valid,
       -- Seen by members of the role that builds it and of pg_read_all_stats.
       NOT i.indisvalid AND EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index p
                                     WHERE p.index_relid = i.indexrelid) AS building,
       pg_catalog.pg_get_expr(i.indpred, i.indrelid) AS predicate,
       keys.columns, keys.expressions, keys.descending, keys.nulls_first, keys.operator_classes,
       keys.collations,
       ARRAY(SELECT a.attname
               FROM pg_catalog.generate_series(i.indnkeyatts::int, i.indnatts - 1) AS position
               JOIN pg_catalog.pg_attribute a
                 ON a.attrelid = c.oid AND a.attnum = i.indkey[position]
              ORDER BY position)::text[] AS include
  FROM pg_catalog.pg_index i
  JOIN relation c ON c.oid = i.indrelid
  JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
  JOIN pg_catalog.pg_am am ON am.oid = x.relam
 CROSS JOIN LATERAL (
       SELECT pg_catalog.array_agg(a.attname::text ORDER BY position) AS columns,
              pg_catalog.array_agg(CASE WHEN i.indkey[position] = 0 THEN
                  pg_catalog.pg_get_indexdef(i.indexrelid, position + 1, false) END
                  ORDER BY position) AS expressions,
              pg_catalog.array_agg(i.indoption[position]::int4 & 1 = 1 ORDER BY position) AS descending,
              pg_catalog.array_agg(i.indoption[position]::int4 & 2 = 2 ORDER BY position) AS nulls_first,
              pg_catalog.array_agg(CASE WHEN NOT o.opcdefault THEN o.opcname::text END
                  ORDER BY position) AS operator_classes,
              pg_catalog.array_agg(
                  -- An expression has the collation of its parts, which only the text tells.
                  CASE WHEN i.indcollation[position] NOT IN (0, coalesce(a.attcollation, 100))
                            AND (i.indkey[position] <> 0
                                 OR pg_catalog.strpos(
                                        pg_catalog.pg_get_indexdef(i.indexrelid),
                                        pg_catalog.pg_get_indexdef(i.indexrelid, position + 1, false)
                                        || ' COLLATE ') > 0)
                       THEN l.collname::text END
                  ORDER BY position) AS collations
         FROM pg_catalog.generate_series(0, i.indnkeyatts - 1) AS position
         JOIN pg_catalog.pg_opclass o ON o.oid = i.indclass[position]
         LEFT JOIN pg_catalog.pg_attribute a
           ON a.attrelid = c.oid AND a.attnum = i.indkey[position] AND a.attnum > 0
         LEFT JOIN pg_catalog.pg_collation l ON l.oid = i.indcollation[position]
     ) AS keys
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k
                    WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
