-- Continuous aggregates, with the chunks of the hypertable that each is materialized in.
WITH aggregate AS MATERIALIZED (
    SELECT a.view_schema, a.view_name, a.hypertable_schema, a.hypertable_name, a.view_definition,
           a.materialized_only, a.compression_enabled,
           a.materialization_hypertable_schema AS home_schema,
           a.materialization_hypertable_name AS home_name,
           coalesce((pg_catalog.to_jsonb(a) ->> 'finalized'::text)::boolean, true) AS finalized
      FROM timescaledb_information.continuous_aggregates a
), dimension AS MATERIALIZED (
    SELECT d.hypertable_schema AS home_schema, d.hypertable_name AS home_name, d.column_name,
           d.time_interval::text AS time_interval, d.integer_interval
      FROM timescaledb_information.dimensions d
     WHERE d.dimension_number = 1
       AND (d.hypertable_schema, d.hypertable_name) IN (SELECT home_schema, home_name FROM aggregate)
)
SELECT a.view_schema AS schema_name,
       a.view_name,
       a.view_definition AS definition,
       a.materialized_only,
       a.compression_enabled,
       -- An aggregate of an aggregate names the hypertable that the other is materialized in.
       coalesce(s.view_schema, a.hypertable_schema) AS source_schema,
       coalesce(s.view_name, a.hypertable_name) AS source_name,
       d.time_interval, d.integer_interval,
       -- Refreshes take the width from here, and not from the definition.
       (SELECT f.bucket_width
          FROM _timescaledb_catalog.continuous_aggs_bucket_function f
          JOIN _timescaledb_catalog.hypertable h ON h.id = f.mat_hypertable_id
         WHERE h.schema_name = a.home_schema AND h.table_name = a.home_name) AS refreshed_width,
       pg_catalog.pg_get_userbyid(v.relowner) AS owner,
       (SELECT pg_catalog.pg_get_userbyid(usual.owner)
          FROM conformance_usual_owner AS usual) AS usual_owner,
       columns.names, columns.types,
       -- pg_get_viewdef() fails for such a view, as does every query of it.
       ordered.by_unselected AS unreadable,
       ARRAY(
           -- Its view reads the columns of that hypertable, and nothing else unless it is real-time.
           -- A view of the form before 2.7 computes them. ORDER BY is the last line, and puts the
           -- parts of a real-time view in parentheses.
           SELECT 'its view was replaced'::text
            WHERE CASE WHEN a.finalized AND NOT ordered.by_unselected THEN NOT pg_catalog.starts_with(
                pg_catalog.replace(
                    pg_catalog.translate(
                        pg_catalog.ltrim(
                            pg_catalog.regexp_replace(
                                pg_catalog.pg_get_viewdef(v.oid), '\n  ORDER BY [^\n]*;$', ';'),
                            '('),
                        E' \n', ''),
                    pg_catalog.quote_ident(a.home_name) || '.'::text, ''),
                pg_catalog.concat('SELECT', columns.quoted, 'FROM',
                                  pg_catalog.quote_ident(a.home_schema), '.',
                                  pg_catalog.quote_ident(a.home_name),
                                  CASE WHEN a.materialized_only THEN ';' ELSE 'WHERE' END)) END
           UNION ALL
           -- What refreshes compute: the query, after whose columns come those of GROUP BY that are not
           -- selected. Before 2.7 that was another query.
           SELECT 'what its refreshes compute was replaced'::text
             FROM _timescaledb_catalog.continuous_agg g
             JOIN pg_catalog.pg_namespace n ON n.nspname = g.partial_view_schema
             JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = g.partial_view_name
            WHERE g.user_view_schema = a.view_schema AND g.user_view_name = a.view_name
              AND CASE WHEN a.finalized AND NOT ordered.by_unselected THEN
                  (SELECT NOT (pg_catalog.starts_with(
                                   pg_catalog.concat(pg_catalog.split_part(refreshed, clause, 1), ','),
                                   pg_catalog.concat(pg_catalog.split_part(a.view_definition, clause, 1), ','))
                               AND pg_catalog.substr(refreshed, pg_catalog.strpos(refreshed, clause))
                                 = pg_catalog.substr(a.view_definition,
                                                     pg_catalog.strpos(a.view_definition, clause)))
                     FROM pg_catalog.pg_get_viewdef(c.oid) AS refreshed
                    CROSS JOIN (VALUES (E'\n   FROM '::text)) AS the (clause)) END
           UNION ALL
           SELECT 'has trigger '::text || t.tgname::text FROM pg_catalog.pg_trigger t
            WHERE t.tgrelid = home.oid AND NOT t.tgisinternal
              AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                                JOIN pg_catalog.pg_extension x
                                  ON x.oid = e.refobjid AND x.extname = 'timescaledb'
                               WHERE e.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass::oid
                                 AND e.objid = t.tgfoid AND e.deptype = 'e')
           UNION ALL
           SELECT 'has '::text || entry::text FROM pg_catalog.unnest(home.reloptions) AS entry
            WHERE entry ~ '^autovacuum_enabled=(f|of|n|0)|^parallel_workers='::text
           UNION ALL
           SELECT 'has toast.'::text || entry::text
             FROM pg_catalog.pg_class long CROSS JOIN LATERAL pg_catalog.unnest(long.reloptions) AS entry
            WHERE long.oid = home.reltoastrelid AND entry ~ '^autovacuum_enabled=(f|of|n|0)'::text
           UNION ALL
           -- As of a hypertable: TimescaleDB then changes the chunk interval by itself.
           SELECT pg_catalog.concat('its chunks have a target size of ', materialized.target,
                                    ' bytes (adaptive chunking)')
            WHERE materialized.target <> '0'::text
              AND EXISTS (SELECT FROM pg_catalog.pg_proc p WHERE p.proname = 'set_adaptive_chunking')
           UNION ALL
           -- Before 2.23 a trigger of the source notes which buckets have changed; with another one
           -- of its methods 2.22 reads that from a replication slot.
           SELECT pg_catalog.concat('is not told of changes, because ', a.hypertable_name,
                                    ' lacks trigger ts_cagg_invalidation_trigger')
            WHERE EXISTS (SELECT FROM pg_catalog.pg_proc p
                           WHERE p.proname = 'continuous_agg_invalidation_trigger')
              AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t
                                JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
                                JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                               WHERE n.nspname = a.hypertable_schema AND c.relname = a.hypertable_name
                                 AND t.tgname = 'ts_cagg_invalidation_trigger')
              AND NOT EXISTS (SELECT FROM pg_catalog.pg_replication_slots r
                               WHERE r.database = pg_catalog.current_database()
                                 AND pg_catalog.starts_with(r.plugin::text, 'timescaledb'))
           UNION ALL
           SELECT 'its rows have row security'::text WHERE home.relrowsecurity
           UNION ALL
           SELECT 'its rows give PUBLIC '::text || pg_catalog.string_agg(
                      pg_catalog.lower(given.privilege_type), ', ' ORDER BY given.privilege_type)
             FROM pg_catalog.aclexplode(home.relacl) AS given
            WHERE given.grantee = 0::oid
              AND NOT EXISTS (SELECT FROM pg_catalog.aclexplode(v.relacl) AS own
                               WHERE own.grantee = 0::oid
                                 AND own.privilege_type = given.privilege_type)
           HAVING pg_catalog.count(*) > 0
           UNION ALL
           SELECT pg_catalog.concat('a view of its query gives PUBLIC ', pg_catalog.string_agg(
                      pg_catalog.lower(given.privilege_type), ', ' ORDER BY given.privilege_type))
             FROM _timescaledb_catalog.continuous_agg g
             JOIN pg_catalog.pg_class c
               ON c.relname IN (g.partial_view_name, g.direct_view_name) AND c.relacl IS NOT NULL
             JOIN pg_catalog.pg_namespace n
               ON n.oid = c.relnamespace AND n.nspname IN (g.partial_view_schema, g.direct_view_schema)
            CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) AS given
            WHERE g.user_view_schema = a.view_schema AND g.user_view_name = a.view_name
              AND given.grantee = 0::oid
              AND NOT EXISTS (SELECT FROM pg_catalog.aclexplode(v.relacl) AS own
                               WHERE own.grantee = 0::oid
                                 AND own.privilege_type = given.privilege_type)
            GROUP BY c.oid
           UNION ALL
           SELECT 'its rows belong to '::text || pg_catalog.pg_get_userbyid(home.relowner)::text
            WHERE home.relowner <> v.relowner
            ORDER BY 1)::text[] AS alterations,
       ARRAY(
           SELECT entry::text FROM pg_catalog.unnest(home.reloptions) AS entry
            WHERE entry !~ '^autovacuum_enabled=(f|of|n|0)|^parallel_workers='::text
           UNION ALL
           SELECT 'toast.'::text || entry::text
             FROM pg_catalog.pg_class long CROSS JOIN LATERAL pg_catalog.unnest(long.reloptions) AS entry
            WHERE long.oid = home.reltoastrelid AND entry !~ '^autovacuum_enabled=(f|of|n|0)'::text
           UNION ALL
           SELECT 'replica identity '::text || home.relreplident::text
            WHERE home.relreplident <> 'd'
            ORDER BY 1)::text[] AS storage,
       -- Up to which time rows are materialized, and how many seconds from now that is.
       pg_catalog.to_char(pg_catalog.timezone('UTC', pg_catalog.to_timestamp(ahead.up_to)),
                          'YYYY-MM-DD HH24:MI') AS watermark,
       ahead.seconds AS seconds_ahead,
       ARRAY(
           -- The columns of GROUP BY and ORDER BY, for which TimescaleDB creates indexes, told by the
           -- parsed query, which must not contain another one.
           SELECT pg_catalog.concat(g.attname, ', ', d.column_name)
             FROM pg_catalog.regexp_matches(
                      direct.query, 'resname ((?:[\\].|[^ \\])+) .ressortgroupref (\d+) ', 'g') AS entry
             JOIN pg_catalog.pg_attribute g
               ON g.attrelid = home.oid AND g.attname <> d.column_name
              AND g.attname = pg_catalog.regexp_replace(entry[1], '[\\](.)', '\1', 'g')
            WHERE direct.query !~ '{QUERY .*{QUERY '
              AND entry[2] <> '0'::text
              AND NOT EXISTS (SELECT FROM pg_catalog.pg_index i
                                JOIN pg_catalog.pg_attribute b
                                  ON b.attrelid = home.oid AND b.attname = d.column_name
                               WHERE i.indrelid = home.oid AND i.indisvalid AND i.indpred IS NULL
                                 AND i.indkey[0] = g.attnum AND i.indkey[1] = b.attnum)
            ORDER BY 1)::text[] AS unindexed_groups
  FROM aggregate a
  LEFT JOIN aggregate s
    ON s.home_schema = a.hypertable_schema AND s.home_name = a.hypertable_name
  JOIN dimension d ON d.home_schema = a.home_schema AND d.home_name = a.home_name
  JOIN pg_catalog.pg_namespace vn ON vn.nspname = a.view_schema
  JOIN pg_catalog.pg_class v ON v.relnamespace = vn.oid AND v.relname = a.view_name
  JOIN pg_catalog.pg_namespace hn ON hn.nspname = a.home_schema
  JOIN pg_catalog.pg_class home ON home.relnamespace = hn.oid AND home.relname = a.home_name
  LEFT JOIN LATERAL (
       SELECT pg_catalog.to_jsonb(h) ->> 'chunk_target_size'::text AS target,
              w.watermark::float8 / 1000000::float8 AS up_to
         FROM _timescaledb_catalog.hypertable h
         JOIN _timescaledb_catalog.continuous_aggs_watermark w ON w.mat_hypertable_id = h.id
        WHERE h.schema_name = a.home_schema AND h.table_name = a.home_name
     ) AS materialized ON true
  LEFT JOIN LATERAL (
       SELECT materialized.up_to, time.seconds
         FROM pg_catalog.float8(materialized.up_to
                  - pg_catalog.extract('epoch', pg_catalog.now())::float8) AS time (seconds)
        WHERE NOT a.materialized_only AND d.time_interval IS NOT NULL AND time.seconds > 0::float8
     ) AS ahead ON true
  LEFT JOIN LATERAL (
       SELECT r.ev_action::text AS query
         FROM _timescaledb_catalog.continuous_agg g
         JOIN pg_catalog.pg_namespace n ON n.nspname = g.direct_view_schema
         JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = g.direct_view_name
         JOIN pg_catalog.pg_rewrite r ON r.ev_class = c.oid
        WHERE g.user_view_schema = a.view_schema AND g.user_view_name = a.view_name
     ) AS direct ON true
 CROSS JOIN LATERAL (
       -- Whether the parsed query of its view orders by what is not in its list of columns. The last
       -- list is that of the whole query if one brace more closes than opens after it.
       SELECT pg_catalog.count(*) > 0 AS by_unselected
         FROM pg_catalog.pg_rewrite r
        CROSS JOIN LATERAL pg_catalog.regexp_replace(
                  pg_catalog.split_part(r.ev_action::text, 'targetList ('::text, -1),
                  '[\\].', '', 'g') AS list
        CROSS JOIN LATERAL pg_catalog.regexp_matches(list, 'tleSortGroupRef (\d+)', 'g') AS entry
        WHERE r.ev_class = v.oid
          AND pg_catalog.strpos(list, pg_catalog.concat('ressortgroupref ', entry[1], ' ')) = 0
          AND pg_catalog.length(pg_catalog.replace(list, '{', ''))
            = pg_catalog.length(pg_catalog.replace(list, '}', '')) + 1
     ) AS ordered
 CROSS JOIN LATERAL (
       SELECT pg_catalog.array_agg(c.attname::text ORDER BY c.attnum) AS names,
              pg_catalog.translate(
                  pg_catalog.string_agg(pg_catalog.quote_ident(c.attname), ',' ORDER BY c.attnum),
                  E' \n', '') AS quoted,
              pg_catalog.array_agg(pg_catalog.format_type(c.atttypid, c.atttypmod)
                                   ORDER BY c.attnum) AS types
         FROM pg_catalog.pg_attribute c
        WHERE c.attrelid = v.oid AND c.attnum > 0
     ) AS columns
 WHERE a.view_schema = ANY(:schemas)
