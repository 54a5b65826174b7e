-- Functions and procedures of the schemas in scope, apart from those of extensions.
SELECT n.nspname AS schema_name, p.proname AS function_name, p.prokind AS kind,
       ARRAY(SELECT pg_catalog.format_type(argument, NULL)
               FROM pg_catalog.unnest(p.proargtypes) AS argument)::text[] AS arguments,
       l.lanname AS language,
       pg_catalog.pg_get_function_result(p.oid) AS returns,
       p.provolatile AS volatility,
       p.proisstrict AS strict,
       p.prosecdef AS security_definer,
       coalesce(p.proconfig, '{}') AS settings,
       coalesce(pg_catalog.pg_get_function_sqlbody(p.oid), p.prosrc) AS body,
       ARRAY(SELECT DISTINCT pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid)
               FROM pg_catalog.pg_depend d
              WHERE d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass::oid
                AND d.refobjid = p.oid AND d.deptype = 'n'
              ORDER BY 1 LIMIT 3)::text[] AS used_by
  FROM pg_catalog.pg_proc p
  JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
  JOIN pg_catalog.pg_language l ON l.oid = p.prolang
 WHERE n.nspname = ANY(:schemas)
   AND p.prokind IN ('f', 'p')
   AND p.oid >= 16384::oid
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                    WHERE e.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass::oid
                      AND e.objid = p.oid AND e.deptype = 'e')
