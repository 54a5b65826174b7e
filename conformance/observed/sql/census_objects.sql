-- Every object of the schemas in scope that is no part of a table, and every object of the whole
-- database. What belongs to an extension, a hypertable, a column or a type is left out, and so is
-- PostgreSQL's own: objects that initdb makes have numbers below 16384 (FirstNormalObjectId).
WITH member AS MATERIALIZED (
    SELECT e.classid, e.objid
      FROM pg_catalog.pg_extension x
      JOIN pg_catalog.pg_depend e
        ON e.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND e.refobjid = x.oid
     WHERE e.deptype = 'e'
), scope AS (
    SELECT n.oid, n.nspname FROM pg_catalog.pg_namespace n WHERE n.nspname = ANY(:schemas)
), relation AS (
    SELECT c.oid,
           CASE WHEN c.relkind IN ('r', 'p', 'f') THEN 'table'
                WHEN c.relkind = 'v' AND EXISTS (
                    SELECT FROM timescaledb_information.continuous_aggregates a
                     WHERE a.view_schema = scope.nspname AND a.view_name = c.relname)
                THEN 'continuous_aggregate'
                WHEN c.relkind = 'v' THEN 'view'
                WHEN c.relkind = 'm' THEN 'materialized_view'
                WHEN c.relkind = 'S' THEN 'sequence'
                WHEN c.relkind = 'c' THEN 'composite_type'
                ELSE 'relation of kind ' || c.relkind::text END AS kind,
           scope.nspname AS schema_name, c.relname AS name
      FROM pg_catalog.pg_class c JOIN scope ON scope.oid = c.relnamespace
     -- An index is a part of its table, and so is a partition.
     WHERE c.relkind NOT IN ('i', 'I') AND NOT c.relispartition
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
                              WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                                AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                                AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0))
), object AS (
    SELECT 'pg_catalog.pg_class'::pg_catalog.regclass AS classid, r.oid, r.kind, r.schema_name,
           r.name::text
      FROM relation r
    UNION ALL
    SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid,
           CASE p.prokind WHEN 'f' THEN 'function' WHEN 'p' THEN 'procedure'
                          WHEN 'a' THEN 'aggregate' WHEN 'w' THEN 'window_function'
                          ELSE 'function of kind ' || p.prokind::text END,
           scope.nspname,
           pg_catalog.concat(p.proname, '(', pg_catalog.pg_get_function_identity_arguments(p.oid), ')')
      FROM pg_catalog.pg_proc p JOIN scope ON scope.oid = p.pronamespace
    UNION ALL
    SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid,
           CASE t.typtype WHEN 'e' THEN 'unused_type' WHEN 'd' THEN 'domain' WHEN 'r' THEN 'range_type'
                          WHEN 'b' THEN 'base_type' WHEN 'p' THEN 'base_type'
                          ELSE 'type of kind ' || t.typtype::text END,
           scope.nspname, t.typname
      FROM pg_catalog.pg_type t JOIN scope ON scope.oid = t.typnamespace
     -- A row's type is a part of its relation, an array's and a multirange's of its type.
     WHERE t.typtype NOT IN ('c', 'm')
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_type e
                        WHERE e.oid = t.typelem AND e.typarray = t.oid)
    UNION ALL
    SELECT 'pg_catalog.pg_operator'::pg_catalog.regclass, o.oid, 'operator', scope.nspname,
           pg_catalog.concat(o.oprname, '(', pg_catalog.format_type(o.oprleft, NULL), ',',
                             pg_catalog.format_type(o.oprright, NULL), ')')
      FROM pg_catalog.pg_operator o JOIN scope ON scope.oid = o.oprnamespace
    UNION ALL
    SELECT 'pg_catalog.pg_opclass'::pg_catalog.regclass, o.oid, 'operator_class', scope.nspname,
           pg_catalog.concat(o.opcname, ' using ', m.amname)
      FROM pg_catalog.pg_opclass o JOIN scope ON scope.oid = o.opcnamespace
      JOIN pg_catalog.pg_am m ON m.oid = o.opcmethod
    UNION ALL
    SELECT 'pg_catalog.pg_opfamily'::pg_catalog.regclass, o.oid, 'operator_family', scope.nspname,
           pg_catalog.concat(o.opfname, ' using ', m.amname)
      FROM pg_catalog.pg_opfamily o JOIN scope ON scope.oid = o.opfnamespace
      JOIN pg_catalog.pg_am m ON m.oid = o.opfmethod
    UNION ALL
    SELECT 'pg_catalog.pg_collation'::pg_catalog.regclass, l.oid, 'collation', scope.nspname,
           l.collname
      FROM pg_catalog.pg_collation l JOIN scope ON scope.oid = l.collnamespace
    UNION ALL
    SELECT 'pg_catalog.pg_conversion'::pg_catalog.regclass, v.oid, 'conversion', scope.nspname,
           v.conname
      FROM pg_catalog.pg_conversion v JOIN scope ON scope.oid = v.connamespace
    UNION ALL
    SELECT 'pg_catalog.pg_ts_config'::pg_catalog.regclass, f.oid, 'text_search_configuration',
           scope.nspname, f.cfgname
      FROM pg_catalog.pg_ts_config f JOIN scope ON scope.oid = f.cfgnamespace
    UNION ALL
    SELECT 'pg_catalog.pg_ts_dict'::pg_catalog.regclass, d.oid, 'text_search_dictionary',
           scope.nspname, d.dictname
      FROM pg_catalog.pg_ts_dict d JOIN scope ON scope.oid = d.dictnamespace
    UNION ALL
    SELECT 'pg_catalog.pg_ts_parser'::pg_catalog.regclass, p.oid, 'text_search_parser',
           scope.nspname, p.prsname
      FROM pg_catalog.pg_ts_parser p JOIN scope ON scope.oid = p.prsnamespace
    UNION ALL
    SELECT 'pg_catalog.pg_ts_template'::pg_catalog.regclass, t.oid, 'text_search_template',
           scope.nspname, t.tmplname
      FROM pg_catalog.pg_ts_template t JOIN scope ON scope.oid = t.tmplnamespace
    UNION ALL
    SELECT 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, s.oid, 'statistics',
           scope.nspname, s.stxname
      FROM pg_catalog.pg_statistic_ext s JOIN scope ON scope.oid = s.stxnamespace
    UNION ALL
    SELECT 'pg_catalog.pg_extension'::pg_catalog.regclass, x.oid, 'extension', NULL, x.extname
      FROM pg_catalog.pg_extension x
    UNION ALL
    SELECT 'pg_catalog.pg_namespace'::pg_catalog.regclass, n.oid, 'schema', NULL, n.nspname
      FROM pg_catalog.pg_namespace n
     -- Those of sessions hold temporary tables.
     WHERE n.nspname !~ '^pg_(toast_)?temp_' AND n.nspname <> ALL(:schemas)
    UNION ALL
    SELECT 'pg_catalog.pg_event_trigger'::pg_catalog.regclass, e.oid, 'event_trigger', NULL,
           e.evtname
      FROM pg_catalog.pg_event_trigger e
    UNION ALL
    SELECT 'pg_catalog.pg_publication'::pg_catalog.regclass, p.oid, 'publication', NULL, p.pubname
      FROM pg_catalog.pg_publication p
    UNION ALL
    SELECT 'pg_catalog.pg_subscription'::pg_catalog.regclass, s.oid, 'subscription', NULL, s.subname
      FROM pg_catalog.pg_subscription s
      JOIN pg_catalog.pg_database d ON d.oid = s.subdbid
     WHERE d.datname = pg_catalog.current_database()
    UNION ALL
    SELECT 'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass, w.oid, 'foreign_data_wrapper',
           NULL, w.fdwname
      FROM pg_catalog.pg_foreign_data_wrapper w
    UNION ALL
    SELECT 'pg_catalog.pg_foreign_server'::pg_catalog.regclass, s.oid, 'foreign_server', NULL,
           s.srvname
      FROM pg_catalog.pg_foreign_server s
    UNION ALL
    -- The table itself may hold passwords and is for superusers.
    SELECT 'pg_catalog.pg_user_mapping'::pg_catalog.regclass, u.umid, 'user_mapping', NULL,
           pg_catalog.concat(u.usename, ' on ', u.srvname)
      FROM pg_catalog.pg_user_mappings u
    UNION ALL
    SELECT 'pg_catalog.pg_cast'::pg_catalog.regclass, k.oid, 'cast', NULL,
           pg_catalog.concat(pg_catalog.format_type(k.castsource, NULL), ' as ',
                             pg_catalog.format_type(k.casttarget, NULL))
      FROM pg_catalog.pg_cast k WHERE k.oid >= 16384
    UNION ALL
    SELECT 'pg_catalog.pg_language'::pg_catalog.regclass, l.oid, 'language', NULL, l.lanname
      FROM pg_catalog.pg_language l
    UNION ALL
    SELECT 'pg_catalog.pg_am'::pg_catalog.regclass, m.oid, 'access_method', NULL, m.amname
      FROM pg_catalog.pg_am m
    UNION ALL
    SELECT 'pg_catalog.pg_transform'::pg_catalog.regclass, t.oid, 'transform', NULL,
           pg_catalog.concat(pg_catalog.format_type(t.trftype, NULL), ' for ', l.lanname)
      FROM pg_catalog.pg_transform t JOIN pg_catalog.pg_language l ON l.oid = t.trflang
    UNION ALL
    SELECT DISTINCT 'pg_catalog.pg_seclabel'::pg_catalog.regclass, s.objoid, 'security_label', NULL,
           pg_catalog.pg_describe_object(s.classoid, s.objoid, 0)
      FROM pg_catalog.pg_seclabel s
     WHERE s.classoid <> 'pg_catalog.pg_largeobject'::pg_catalog.regclass
)
SELECT o.kind, o.schema_name, o.name
  FROM object o
 WHERE o.oid >= 16384
   AND (o.classid, o.oid) NOT IN (SELECT m.classid, m.objid FROM member m)
