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
       pg_catalog.pg_get_expr(p.proargdefaults, 0::oid) AS defaults,
       CASE WHEN p.proowner <> usual.owner THEN pg_catalog.pg_get_userbyid(p.proowner) END AS other_owner,
       CASE WHEN p.proacl IS NOT NULL
                 AND NOT EXISTS (SELECT FROM pg_catalog.aclexplode(p.proacl) AS acl WHERE acl.grantee = 0::oid)
            THEN 'no' END AS executable_by_public,
       -- What CREATE FUNCTION does not say by itself; the cost of C is 1, of others 100.
       pg_catalog.concat_ws(', ',
           CASE p.proparallel WHEN 's' THEN 'parallel safe' WHEN 'r' THEN 'parallel restricted' END,
           CASE WHEN p.proleakproof THEN 'leakproof' END,
           CASE WHEN p.procost NOT IN (1, 100) THEN 'cost '::text || p.procost::text END,
           CASE WHEN p.prorows NOT IN (0, 1000) THEN 'rows '::text || p.prorows::text END,
           'support '::text || nullif(p.prosupport::oid, 0::oid)::pg_catalog.regproc::text) AS planner,
       ARRAY(SELECT DISTINCT pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid)
               FROM pg_catalog.pg_depend d
              WHERE d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass::oid
                AND d.refobjid = p.oid AND d.deptype = 'n'
              ORDER BY 1 LIMIT 3)::text[] AS used_by
  FROM pg_catalog.pg_proc p
  JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
  JOIN pg_catalog.pg_language l ON l.oid = p.prolang
  LEFT JOIN conformance_usual_owner AS usual ON true
 WHERE n.nspname = ANY(:schemas)
   AND p.prokind IN ('f', 'p')
   AND p.oid >= 16384::oid
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                    WHERE e.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass::oid
                      AND e.objid = p.oid AND e.deptype = 'e')
