-- Every object of the schemas in scope that is no part of a table, and every object of the whole
-- database, with its definition in short. What belongs to an extension, a hypertable, a column or a
-- type is left out, and so is PostgreSQL's own: objects that initdb makes have numbers below 16384
-- (FirstNormalObjectId).
WITH member AS MATERIALIZED (
    SELECT e.classid, e.objid, x.extname, x.xmin AS made, e.xmin AS joined
      FROM pg_catalog.pg_extension x
      JOIN pg_catalog.pg_depend e
        ON e.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass::oid AND e.refobjid = x.oid
     WHERE e.deptype = 'e'
), scope AS (
    SELECT n.oid, n.nspname FROM pg_catalog.pg_namespace n WHERE n.nspname = ANY(:schemas)
), everywhere AS (
    -- An unqualified name means what is in pg_catalog before anything else; what is in the schemas of
    -- extensions, their own code may call.
    SELECT * FROM scope
     UNION SELECT n.oid, n.nspname FROM pg_catalog.pg_namespace n
            WHERE n.nspname = 'pg_catalog'
               OR n.oid IN (SELECT m.objid FROM member m
                             WHERE m.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass::oid)
), relation AS (
    SELECT c.oid,
           CASE WHEN c.relkind IN ('r', 'p', 'f') THEN 'table'
                WHEN c.relkind = 'v' AND EXISTS (
                    SELECT FROM conformance_aggregate_names AS a
                     WHERE a.view_schema = scope.nspname AND a.view_name = c.relname)
                THEN 'continuous_aggregate'
                WHEN c.relkind = 'v' THEN 'view'
                WHEN c.relkind = 'm' THEN 'materialized_view'
                WHEN c.relkind = 'S' THEN 'sequence'
                WHEN c.relkind = 'c' THEN 'composite_type'
                ELSE 'relation of kind '::text || c.relkind::text END AS kind,
           scope.nspname AS schema_name, c.relname AS name,
           CASE WHEN c.relkind = 'c' THEN
               (SELECT pg_catalog.string_agg(
                           pg_catalog.concat(a.attname, ' ',
                               pg_catalog.format_type(a.atttypid, a.atttypmod),
                               ' COLLATE '::text || pg_catalog.quote_ident(l.collname::text)),
                           ', ' ORDER BY a.attnum)
                  FROM pg_catalog.pg_attribute a
                  JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
                  LEFT JOIN pg_catalog.pg_collation l
                    ON l.oid = a.attcollation AND a.attcollation <> t.typcollation
                 WHERE a.attrelid = c.oid AND NOT a.attisdropped)
           END AS definition
      FROM pg_catalog.pg_class c JOIN everywhere AS scope ON scope.oid = c.relnamespace
     -- An index is a part of its table, and so is a partition; chunks are in a schema of TimescaleDB.
     WHERE c.relkind NOT IN ('i', 'I') AND NOT c.relispartition
       AND (scope.nspname = 'pg_catalog' OR scope.nspname = ANY(:schemas))
       -- The children of a hypertable are its chunks: TimescaleDB refuses any others.
       AND c.oid NOT IN (SELECT i.inhrelid
                           FROM timescaledb_information.hypertables h
                           JOIN pg_catalog.pg_namespace n ON n.nspname = h.hypertable_schema
                           JOIN pg_catalog.pg_class p
                             ON p.relnamespace = n.oid AND p.relname = h.hypertable_name
                           JOIN pg_catalog.pg_inherits i ON i.inhparent = p.oid)
       -- The sequence of a column.
       AND (c.relkind <> 'S'
            OR c.oid NOT IN (SELECT d.objid FROM pg_catalog.pg_depend d
                              WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass::oid
                                AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass::oid
                                AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0))
), object AS (
    SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::oid AS classid, r.oid, r.kind, r.schema_name,
           r.name::text, r.definition, NULL::boolean AS judged
      FROM relation r
    UNION ALL
    SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass::oid, p.oid,
           CASE p.prokind WHEN 'f' THEN 'function' WHEN 'p' THEN 'procedure'
                          WHEN 'a' THEN 'aggregate' WHEN 'w' THEN 'window_function'
                          ELSE 'function of kind '::text || p.prokind::text END,
           scope.nspname,
           pg_catalog.concat(p.proname, '(',
               pg_catalog.array_to_string(ARRAY(
                   SELECT pg_catalog.format_type(argument, NULL)
                     FROM pg_catalog.unnest(p.proargtypes) AS argument), ', '), ')'),
           CASE WHEN p.prokind = 'a' THEN
               (SELECT pg_catalog.concat('state ', pg_catalog.format_type(g.aggtranstype, NULL), ' by ',
                                         g.aggtransfn::pg_catalog.regproc::text,
                                         ', final '::text
                                         || nullif(g.aggfinalfn::pg_catalog.regproc::text, '-'),
                                         ', initially '::text || g.agginitval::text)
                  FROM pg_catalog.pg_aggregate g WHERE g.aggfnoid::oid = p.oid) END,
           NULL
      FROM pg_catalog.pg_proc p JOIN everywhere AS scope ON scope.oid = p.pronamespace
    UNION ALL
    SELECT 'pg_catalog.pg_type'::pg_catalog.regclass::oid, t.oid,
           CASE t.typtype WHEN 'e' THEN 'unused_type' WHEN 'd' THEN 'domain'
                          WHEN 'r' THEN 'range_type' WHEN 'b' THEN 'base_type'
                          WHEN 'p' THEN 'base_type'
                          ELSE 'type of kind '::text || t.typtype::text END,
           scope.nspname, t.typname,
           CASE t.typtype
                WHEN 'e' THEN (SELECT pg_catalog.string_agg(
                                   pg_catalog.quote_literal(e.enumlabel), ', '
                                   ORDER BY e.enumsortorder)
                                 FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid)
                WHEN 'r' THEN (SELECT 'of '::text || pg_catalog.format_type(r.rngsubtype, NULL)
                                 FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid) END,
           NULL
      FROM pg_catalog.pg_type t JOIN everywhere AS scope ON scope.oid = t.typnamespace
     -- A row's type is a part of its relation, an array's and a multirange's of its type.
     WHERE t.typtype NOT IN ('c', 'm')
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_type e
                        WHERE e.oid = t.typelem AND e.typarray = t.oid)
    UNION ALL
    SELECT 'pg_catalog.pg_operator'::pg_catalog.regclass::oid, o.oid, 'operator', scope.nspname,
           pg_catalog.concat(o.oprname, '(', pg_catalog.format_type(o.oprleft, NULL), ', ',
                             pg_catalog.format_type(o.oprright, NULL), ')'),
           'by '::text || o.oprcode::pg_catalog.regprocedure::text, NULL
      FROM pg_catalog.pg_operator o JOIN everywhere AS scope ON scope.oid = o.oprnamespace
    UNION ALL
    SELECT 'pg_catalog.pg_opclass'::pg_catalog.regclass::oid, o.oid, 'operator_class', scope.nspname,
           pg_catalog.concat(o.opcname, ' using ', m.amname),
           pg_catalog.concat('for ', pg_catalog.format_type(o.opcintype, NULL),
                             CASE WHEN o.opcdefault THEN ', its default' END),
           -- The default one decides how a plain index on the type sorts.
           CASE WHEN o.opcdefault THEN true END
      FROM pg_catalog.pg_opclass o
      JOIN pg_catalog.pg_namespace scope ON scope.oid = o.opcnamespace
      JOIN pg_catalog.pg_am m ON m.oid = o.opcmethod
     -- A default one counts wherever it is.
     WHERE o.opcdefault OR scope.nspname = ANY(:schemas)
    UNION ALL
    SELECT 'pg_catalog.pg_opfamily'::pg_catalog.regclass::oid, o.oid, 'operator_family', scope.nspname,
           pg_catalog.concat(o.opfname, ' using ', m.amname), NULL, NULL
      FROM pg_catalog.pg_opfamily o JOIN scope ON scope.oid = o.opfnamespace
      JOIN pg_catalog.pg_am m ON m.oid = o.opfmethod
    UNION ALL
    SELECT 'pg_catalog.pg_collation'::pg_catalog.regclass::oid, l.oid, 'collation', scope.nspname,
           l.collname,
           -- The locale has another name in each of PostgreSQL 15, 16 and 17.
           pg_catalog.concat_ws(', ',
               pg_catalog.concat_ws(' ',
                   CASE l.collprovider WHEN 'i' THEN 'icu' WHEN 'c' THEN 'libc' WHEN 'b' THEN 'builtin'
                                       ELSE l.collprovider::text END,
                   coalesce(l.collcollate, pg_catalog.to_jsonb(l) ->> 'colllocale'::text,
                            pg_catalog.to_jsonb(l) ->> 'colliculocale'::text)),
               CASE WHEN NOT l.collisdeterministic THEN 'not deterministic' END),
           NULL
      FROM pg_catalog.pg_collation l JOIN everywhere AS scope ON scope.oid = l.collnamespace
    UNION ALL
    SELECT 'pg_catalog.pg_conversion'::pg_catalog.regclass::oid, v.oid, 'conversion', scope.nspname,
           v.conname, 'by '::text || v.conproc::pg_catalog.regproc::text,
           -- The default one takes the place of PostgreSQL's own.
           CASE WHEN v.condefault THEN true END
      FROM pg_catalog.pg_conversion v JOIN everywhere AS scope ON scope.oid = v.connamespace
    UNION ALL
    SELECT 'pg_catalog.pg_ts_config'::pg_catalog.regclass::oid, f.oid, 'text_search_configuration',
           scope.nspname, f.cfgname, NULL, NULL
      FROM pg_catalog.pg_ts_config f JOIN everywhere AS scope ON scope.oid = f.cfgnamespace
    UNION ALL
    SELECT 'pg_catalog.pg_ts_dict'::pg_catalog.regclass::oid, d.oid, 'text_search_dictionary',
           scope.nspname, d.dictname, d.dictinitoption, NULL
      FROM pg_catalog.pg_ts_dict d JOIN everywhere AS scope ON scope.oid = d.dictnamespace
    UNION ALL
    SELECT 'pg_catalog.pg_ts_parser'::pg_catalog.regclass::oid, p.oid, 'text_search_parser',
           scope.nspname, p.prsname, NULL, NULL
      FROM pg_catalog.pg_ts_parser p JOIN everywhere AS scope ON scope.oid = p.prsnamespace
    UNION ALL
    SELECT 'pg_catalog.pg_ts_template'::pg_catalog.regclass::oid, t.oid, 'text_search_template',
           scope.nspname, t.tmplname, NULL, NULL
      FROM pg_catalog.pg_ts_template t JOIN everywhere AS scope ON scope.oid = t.tmplnamespace
    UNION ALL
    SELECT 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass::oid, s.oid, 'statistics',
           scope.nspname, s.stxname,
           -- NULL from PostgreSQL 17 on, -1 before.
           pg_catalog.regexp_replace(pg_catalog.pg_get_statisticsobjdef(s.oid),
                                     '^CREATE STATISTICS \S+ ', '')
           || CASE WHEN s.stxstattarget >= 0 THEN ', target '::text || s.stxstattarget::text ELSE '' END,
           NULL
      FROM pg_catalog.pg_statistic_ext s JOIN scope ON scope.oid = s.stxnamespace
    UNION ALL
    SELECT 'pg_catalog.pg_extension'::pg_catalog.regclass::oid, x.oid, 'extension', NULL, x.extname,
           NULL, NULL
      FROM pg_catalog.pg_extension x
    UNION ALL
    SELECT 'pg_catalog.pg_namespace'::pg_catalog.regclass::oid, n.oid, 'schema', NULL, n.nspname,
           NULL, NULL
      FROM pg_catalog.pg_namespace n
     -- Those of sessions hold temporary tables.
     WHERE n.nspname !~ '^pg_(toast_)?temp_'::text AND n.nspname <> ALL(:schemas)
    UNION ALL
    SELECT 'pg_catalog.pg_event_trigger'::pg_catalog.regclass::oid, e.oid, 'event_trigger', NULL,
           e.evtname,
           pg_catalog.concat('on ', e.evtevent,
                             ' when tag in '::text || pg_catalog.array_to_string(e.evttags, ', '),
                             ' execute ', e.evtfoid::pg_catalog.regprocedure::text,
                             CASE e.evtenabled WHEN 'D' THEN ' (disabled)'
                                               WHEN 'R' THEN ' (replica only)'
                                               WHEN 'A' THEN ' (always)' END), NULL
      FROM pg_catalog.pg_event_trigger e
    UNION ALL
    SELECT 'pg_catalog.pg_publication'::pg_catalog.regclass::oid, p.oid, 'publication', NULL, p.pubname,
           pg_catalog.concat(
               CASE WHEN p.puballtables THEN 'all tables' ELSE
                   pg_catalog.array_to_string(ARRAY(
                       SELECT 'tables in schema '::text || n.nspname::text
                         FROM pg_catalog.pg_publication_namespace r
                         JOIN pg_catalog.pg_namespace n ON n.oid = r.pnnspid
                        WHERE r.pnpubid = p.oid
                       UNION ALL
                       SELECT pg_catalog.concat(r.prrelid::pg_catalog.regclass::text,
                                  ' ('::text || (
                                      SELECT pg_catalog.string_agg(a.attname, ', ' ORDER BY a.attnum)
                                        FROM pg_catalog.pg_attribute a
                                       WHERE a.attrelid = r.prrelid AND a.attnum = ANY(r.prattrs)
                                  ) || ')'::text,
                                  ' where '::text || pg_catalog.pg_get_expr(r.prqual, r.prrelid))
                         FROM pg_catalog.pg_publication_rel r WHERE r.prpubid = p.oid
                        ORDER BY 1), ', ') END,
               ': ',
               pg_catalog.concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END,
                                          CASE WHEN p.pubupdate THEN 'update' END,
                                          CASE WHEN p.pubdelete THEN 'delete' END,
                                          CASE WHEN p.pubtruncate THEN 'truncate' END,
                                          CASE WHEN p.pubviaroot THEN 'as the root of partitions' END)),
           NULL
      FROM pg_catalog.pg_publication p
    UNION ALL
    -- It writes rows that come from elsewhere.
    SELECT 'pg_catalog.pg_subscription'::pg_catalog.regclass::oid, s.oid, 'subscription', NULL, s.subname,
           CASE WHEN s.subenabled THEN 'enabled' ELSE 'disabled' END, s.subenabled
      FROM pg_catalog.pg_subscription s
      JOIN pg_catalog.pg_database d ON d.oid = s.subdbid
     WHERE d.datname = pg_catalog.current_database()
    UNION ALL
    SELECT 'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass::oid, w.oid, 'foreign_data_wrapper',
           NULL, w.fdwname, NULL, NULL
      FROM pg_catalog.pg_foreign_data_wrapper w
    UNION ALL
    SELECT 'pg_catalog.pg_foreign_server'::pg_catalog.regclass::oid, s.oid, 'foreign_server', NULL,
           s.srvname, 'by '::text || w.fdwname::text, NULL
      FROM pg_catalog.pg_foreign_server s
      JOIN pg_catalog.pg_foreign_data_wrapper w ON w.oid = s.srvfdw
    UNION ALL
    -- The table itself may hold passwords and is for superusers.
    SELECT 'pg_catalog.pg_user_mapping'::pg_catalog.regclass::oid, u.umid, 'user_mapping', NULL,
           pg_catalog.concat(u.usename, ' on ', u.srvname), NULL, NULL
      FROM pg_catalog.pg_user_mappings u
    UNION ALL
    SELECT 'pg_catalog.pg_cast'::pg_catalog.regclass::oid, k.oid, 'cast', NULL,
           pg_catalog.concat(pg_catalog.format_type(k.castsource, NULL), ' as ',
                             pg_catalog.format_type(k.casttarget, NULL)),
           pg_catalog.concat(
               CASE k.castcontext WHEN 'i' THEN 'implicit' WHEN 'a' THEN 'on assignment'
                                  ELSE 'explicit' END,
               CASE k.castmethod WHEN 'i' THEN ', by way of text' WHEN 'b' THEN ', as it is' END,
               ', by '::text || nullif(k.castfunc, 0::oid)::pg_catalog.regprocedure::text),
           -- One that nobody writes decides what an expression means.
           CASE WHEN k.castcontext <> 'e' THEN true END
      FROM pg_catalog.pg_cast k WHERE k.oid >= 16384::oid
    UNION ALL
    SELECT 'pg_catalog.pg_language'::pg_catalog.regclass::oid, l.oid, 'language', NULL, l.lanname,
           NULL, NULL
      FROM pg_catalog.pg_language l
    UNION ALL
    SELECT 'pg_catalog.pg_am'::pg_catalog.regclass::oid, m.oid, 'access_method', NULL, m.amname,
           NULL, NULL
      FROM pg_catalog.pg_am m
    UNION ALL
    SELECT 'pg_catalog.pg_transform'::pg_catalog.regclass::oid, t.oid, 'transform', NULL,
           pg_catalog.concat(pg_catalog.format_type(t.trftype, NULL), ' for ', l.lanname),
           NULL, NULL
      FROM pg_catalog.pg_transform t JOIN pg_catalog.pg_language l ON l.oid = t.trflang
    UNION ALL
    SELECT DISTINCT 'pg_catalog.pg_seclabel'::pg_catalog.regclass::oid, s.objoid, 'security_label', NULL,
           pg_catalog.pg_describe_object(s.classoid, s.objoid, s.objsubid),
           pg_catalog.concat(s.provider, ': ', s.label), NULL::boolean
      FROM pg_catalog.pg_seclabel s
     WHERE s.classoid <> 'pg_catalog.pg_largeobject'::pg_catalog.regclass::oid
), version AS (
    -- The transactions that wrote a version of what a call, an expression or a view means.
    SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass::oid AS classid, oid, xmin FROM pg_catalog.pg_proc
    UNION ALL SELECT 'pg_catalog.pg_operator'::pg_catalog.regclass::oid, oid, xmin FROM pg_catalog.pg_operator
    UNION ALL SELECT 'pg_catalog.pg_cast'::pg_catalog.regclass::oid, oid, xmin FROM pg_catalog.pg_cast
    UNION ALL SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::oid, ev_class, xmin FROM pg_catalog.pg_rewrite
    UNION ALL SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::oid, oid, xmin FROM pg_catalog.pg_class
     WHERE relkind = 'v'
), altered AS (
    -- CREATE and ALTER EXTENSION write all members in one transaction, and initdb makes template0 last.
    SELECT 'extension' AS kind, m.extname AS name, m.classid, m.objid
      FROM member m LEFT JOIN version v ON v.classid = m.classid AND v.oid = m.objid
     WHERE least(pg_catalog.age(v.xmin), pg_catalog.age(m.joined)) < pg_catalog.age(m.made)
    UNION ALL
    SELECT 'schema', 'pg_catalog', v.classid, v.oid
      FROM version v
     WHERE v.oid < 16384::oid
       AND v.xmin::text::bigint > (SELECT d.xmin::text::bigint FROM pg_catalog.pg_database d
                                    WHERE d.datname = 'template0')
    UNION ALL
    -- A trigger on a table of an extension.
    SELECT 'extension', m.extname, 'pg_catalog.pg_trigger'::pg_catalog.regclass::oid, t.oid
      FROM member m
      JOIN pg_catalog.pg_trigger t ON t.tgrelid = m.objid AND NOT t.tgisinternal
     WHERE m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass::oid
       AND pg_catalog.age(t.xmin) < pg_catalog.age(m.made)
    UNION ALL
    -- Tables and views that somebody has put into a schema of TimescaleDB, where its own are told by
    -- their names: chunks, and what has compressed or materialized rows.
    SELECT 'extension', m.extname, 'pg_catalog.pg_class'::pg_catalog.regclass::oid, c.oid
      FROM member m
      JOIN pg_catalog.pg_namespace n ON n.oid = m.objid AND NOT n.nspname = ANY(:schemas)
      JOIN pg_catalog.pg_class c
        ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'f', 'v', 'm') AND NOT c.relispartition
     WHERE m.extname = 'timescaledb'
       AND m.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass::oid
       AND c.relname::text !~ '_chunk(_compressed)?$|^_(compressed|materialized)_hypertable_[0-9]+$'::text
       AND c.oid NOT IN (SELECT i.inhrelid FROM pg_catalog.pg_inherits i)
       AND c.oid NOT IN (SELECT o.objid FROM member o
                          WHERE o.classid = 'pg_catalog.pg_class'::pg_catalog.regclass::oid)
       AND NOT EXISTS (SELECT FROM _timescaledb_catalog.continuous_agg g
                        WHERE c.relname IN (g.partial_view_name, g.direct_view_name))
    UNION ALL
    -- Who may do more with a table or a schema than its extension or initdb granted. initdb records
    -- no privileges of the information schema, whose OIDs begin at FirstUnpinnedObjectId.
    SELECT CASE WHEN m.extname IS NULL THEN 'schema' ELSE 'extension' END,
           coalesce(m.extname, 'pg_catalog'), g.classid, g.oid
      FROM (SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::oid AS classid, oid, relacl AS acl,
                   relowner AS owner
              FROM pg_catalog.pg_class WHERE relkind = 'r' AND relacl IS NOT NULL
            UNION ALL
            SELECT 'pg_catalog.pg_namespace'::pg_catalog.regclass::oid, oid, nspacl, nspowner
              FROM pg_catalog.pg_namespace WHERE nspacl IS NOT NULL AND nspname <> 'public') AS g
      LEFT JOIN member m ON m.classid = g.classid AND m.objid = g.oid
     WHERE (m.extname IS NOT NULL OR g.oid < 12000::oid)
       AND EXISTS (SELECT FROM pg_catalog.aclexplode(g.acl) AS given
                    WHERE given.grantee <> g.owner
                      AND NOT EXISTS (
                          SELECT FROM pg_catalog.pg_init_privs i
                           CROSS JOIN LATERAL pg_catalog.aclexplode(i.initprivs) AS usual
                           WHERE i.classoid = g.classid AND i.objoid = g.oid AND i.objsubid = 0
                             AND usual.grantee = given.grantee
                             AND usual.privilege_type = given.privilege_type))
)
SELECT o.kind, o.schema_name, o.name, o.definition, o.judged, NULL::text[] AS altered
  FROM object o
 WHERE o.oid >= 16384::oid
   AND (o.classid, o.oid) NOT IN (SELECT m.classid, m.objid FROM member m)
UNION ALL
SELECT kind, NULL, name, NULL, NULL,
       pg_catalog.array_agg(DISTINCT pg_catalog.pg_describe_object(classid, objid, 0)
                            ORDER BY pg_catalog.pg_describe_object(classid, objid, 0))
  FROM altered GROUP BY kind, name
