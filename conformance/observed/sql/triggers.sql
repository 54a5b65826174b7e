-- Triggers, apart from what TimescaleDB and constraints make.
SELECT n.nspname AS schema_name, c.relname AS table_name, t.tgname AS trigger_name,
       pg_catalog.pg_get_triggerdef(t.oid, true) AS definition,
       -- Bits of pg_trigger.tgtype, as pg_trigger.h names them.
       CASE WHEN t.tgtype::int4 & 64 <> 0 THEN 'instead of'
            WHEN t.tgtype::int4 & 2 <> 0 THEN 'before' ELSE 'after' END AS timing,
       CASE WHEN t.tgtype::int4 & 1 <> 0 THEN 'row' ELSE 'statement' END AS level,
       t.tgtype::int4 & 4 <> 0 AS on_insert, t.tgtype::int4 & 8 <> 0 AS on_delete,
       t.tgtype::int4 & 16 <> 0 AS on_update, t.tgtype::int4 & 32 <> 0 AS on_truncate,
       ARRAY(SELECT a.attname FROM pg_catalog.pg_attribute a
              WHERE a.attrelid = t.tgrelid AND a.attnum = ANY(t.tgattr)
              ORDER BY a.attname)::text[] AS columns,
       t.tgenabled AS enabled,
       t.tgconstraint <> 0::oid AS is_constraint, t.tgdeferrable AS deferrable,
       t.tginitdeferred AS deferred,
       t.tgoldtable AS old_table, t.tgnewtable AS new_table
  FROM pg_catalog.pg_trigger t
  JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = ANY(:schemas)
   AND c.relkind IN ('r', 'p', 'f', 'v') AND NOT c.relispartition
   AND NOT t.tgisinternal
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                     JOIN pg_catalog.pg_extension x
                       ON x.oid = e.refobjid AND x.extname = 'timescaledb'
                    WHERE e.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass::oid
                      AND e.objid = t.tgfoid AND e.deptype = 'e')
