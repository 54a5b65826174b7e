-- Indexes that do not belong to a constraint.
SELECT n.nspname AS schema_name,
       c.relname AS table_name,
       x.relname AS index_name,
       am.amname AS method,
       i.indisunique AS is_unique,
       i.indnullsnotdistinct AS nulls_not_distinct,
       i.indisvalid AND i.indisready AND i.indislive AS valid,
       pg_catalog.pg_get_expr(i.indpred, i.indrelid) AS predicate,
       keys.columns, keys.expressions, keys.descending, keys.nulls_first, keys.operator_classes,
       keys.collations,
       ARRAY(SELECT a.attname
               FROM pg_catalog.generate_series(i.indnkeyatts::int, i.indnatts - 1) AS position
               JOIN pg_catalog.pg_attribute a
                 ON a.attrelid = c.oid AND a.attnum = i.indkey[position]
              ORDER BY position)::text[] AS include
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
  JOIN pg_catalog.pg_am am ON am.oid = x.relam
 CROSS JOIN LATERAL (
       SELECT pg_catalog.array_agg(a.attname::text ORDER BY position) AS columns,
              pg_catalog.array_agg(CASE WHEN i.indkey[position] = 0 THEN
                  pg_catalog.pg_get_indexdef(i.indexrelid, position + 1, false) END
                  ORDER BY position) AS expressions,
              pg_catalog.array_agg(i.indoption[position] & 1 = 1 ORDER BY position) AS descending,
              pg_catalog.array_agg(i.indoption[position] & 2 = 2 ORDER BY position) AS nulls_first,
              pg_catalog.array_agg(CASE WHEN NOT o.opcdefault THEN o.opcname::text END
                  ORDER BY position) AS operator_classes,
              pg_catalog.array_agg(
                  CASE WHEN i.indcollation[position] <> coalesce(a.attcollation, 100)
                            AND i.indcollation[position] <> 0 THEN l.collname::text END
                  ORDER BY position) AS collations
         FROM pg_catalog.generate_series(0, i.indnkeyatts - 1) AS position
         JOIN pg_catalog.pg_opclass o ON o.oid = i.indclass[position]
         LEFT JOIN pg_catalog.pg_attribute a
           ON a.attrelid = c.oid AND a.attnum = i.indkey[position] AND a.attnum > 0
         LEFT JOIN pg_catalog.pg_collation l ON l.oid = i.indcollation[position]
     ) AS keys
 WHERE n.nspname = ANY(:schemas)
   AND c.relkind IN ('r', 'p', 'f')
   AND NOT c.relispartition
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k
                    WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
