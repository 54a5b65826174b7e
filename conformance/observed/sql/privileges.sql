-- What is granted to others than the owner, of objects in the schemas in scope and of the database.
WITH granted AS (
    SELECT n.nspname AS schema_name, c.relname::text AS object, '' AS kind, NULL AS column_name,
           c.relowner AS owner, acl.*
      FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) AS acl
     WHERE n.nspname = ANY(:schemas) AND c.relacl IS NOT NULL AND NOT c.relispartition
       AND c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S')
       AND c.oid NOT IN (SELECT e.objid FROM pg_catalog.pg_depend e
                          WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass::oid
                            AND e.deptype = 'e')
       -- A chunk has its hypertable's.
       AND c.oid NOT IN (SELECT i.inhrelid
                           FROM timescaledb_information.hypertables h
                           JOIN pg_catalog.pg_namespace p ON p.nspname = h.hypertable_schema
                           JOIN pg_catalog.pg_class t
                             ON t.relnamespace = p.oid AND t.relname = h.hypertable_name
                           JOIN pg_catalog.pg_inherits i ON i.inhparent = t.oid)
    UNION ALL
    SELECT n.nspname, c.relname, '', a.attname, c.relowner, acl.*
      FROM pg_catalog.pg_attribute a
      JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     CROSS JOIN LATERAL pg_catalog.aclexplode(a.attacl) AS acl
     WHERE n.nspname = ANY(:schemas) AND a.attacl IS NOT NULL
       AND NOT a.attisdropped AND NOT c.relispartition
       AND c.relkind IN ('r', 'p', 'f', 'v', 'm')
    UNION ALL
    SELECT NULL, n.nspname, 'schema', NULL, n.nspowner, acl.*
      FROM pg_catalog.pg_namespace n
     CROSS JOIN LATERAL pg_catalog.aclexplode(n.nspacl) AS acl
     WHERE n.nspname = ANY(:schemas)
    UNION ALL
    SELECT n.nspname,
           pg_catalog.concat(p.proname, '(',
               pg_catalog.array_to_string(ARRAY(
                   SELECT pg_catalog.format_type(argument, NULL)
                     FROM pg_catalog.unnest(p.proargtypes) AS argument), ', '), ')'),
           'function', NULL, p.proowner, acl.*
      FROM pg_catalog.pg_proc p
      JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
     CROSS JOIN LATERAL pg_catalog.aclexplode(
           COALESCE(p.proacl, pg_catalog.acldefault('f', p.proowner))) AS acl
     WHERE n.nspname = ANY(:schemas)
       AND p.oid NOT IN (SELECT e.objid FROM pg_catalog.pg_depend e
                          WHERE e.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass::oid
                            AND e.deptype = 'e')
    UNION ALL
    SELECT NULL, s.srvname, 'foreign server', NULL, s.srvowner, acl.*
      FROM pg_catalog.pg_foreign_server s
     CROSS JOIN LATERAL pg_catalog.aclexplode(s.srvacl) AS acl
    UNION ALL
    SELECT NULL, w.fdwname, 'foreign data wrapper', NULL, w.fdwowner, acl.*
      FROM pg_catalog.pg_foreign_data_wrapper w
     CROSS JOIN LATERAL pg_catalog.aclexplode(w.fdwacl) AS acl
    UNION ALL
    SELECT NULL, '', 'database', NULL, d.datdba, acl.*
      FROM pg_catalog.pg_database d
     CROSS JOIN LATERAL pg_catalog.aclexplode(
           COALESCE(d.datacl, pg_catalog.acldefault('d', d.datdba))) AS acl
     WHERE d.datname = pg_catalog.current_database()
    UNION ALL
    SELECT NULL, '', 'database', NULL, d.datdba, NULL, 0::oid, 'without '::text || usual::text, false
      FROM pg_catalog.pg_database d
     CROSS JOIN pg_catalog.unnest(ARRAY['CONNECT', 'TEMPORARY']) AS usual
     WHERE d.datname = pg_catalog.current_database() AND d.datacl IS NOT NULL
       AND NOT EXISTS (SELECT FROM pg_catalog.aclexplode(d.datacl) AS acl
                        WHERE acl.grantee = 0::oid AND acl.privilege_type = usual)
    UNION ALL
    SELECT n.nspname, t.typname, 'type', NULL, t.typowner, NULL, 0::oid, 'without USAGE', false
      FROM pg_catalog.pg_type t
      JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
     WHERE n.nspname = ANY(:schemas) AND t.typacl IS NOT NULL
       AND NOT EXISTS (SELECT FROM pg_catalog.aclexplode(t.typacl) AS acl
                        WHERE acl.grantee = 0::oid AND acl.privilege_type = 'USAGE')
    UNION ALL
    SELECT NULL, n.nspname, 'schema', NULL, n.nspowner, NULL, 0::oid, 'without USAGE', false
      FROM pg_catalog.pg_namespace n
     WHERE n.nspname = 'public' AND n.nspname = ANY(:schemas)
       AND NOT EXISTS (SELECT FROM pg_catalog.aclexplode(n.nspacl) AS acl
                        WHERE acl.grantee = 0::oid AND acl.privilege_type = 'USAGE')
)
SELECT g.schema_name, g.object, g.kind, g.column_name,
       CASE g.grantee WHEN 0::oid THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(g.grantee) END AS grantee,
       pg_catalog.lower(g.privilege_type) AS privilege,
       pg_catalog.bool_or(g.is_grantable) AS grantable
  FROM granted g
 WHERE g.grantee <> g.owner
 GROUP BY 1, 2, 3, 4, 5, 6
UNION ALL
-- For objects that will be created; in words, tables of desk in public.
SELECT NULL,
       pg_catalog.concat(CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences'
                                              WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types'
                                              WHEN 'n' THEN 'schemas'
                                              ELSE 'objects of kind '::text || d.defaclobjtype::text END,
                         ' of ', pg_catalog.pg_get_userbyid(d.defaclrole), ' in '::text || n.nspname::text),
       'default', NULL,
       CASE acl.grantee WHEN 0::oid THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(acl.grantee) END,
       pg_catalog.lower(acl.privilege_type), pg_catalog.bool_or(acl.is_grantable)
  FROM pg_catalog.pg_default_acl d
  LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace
 CROSS JOIN LATERAL (
       SELECT * FROM pg_catalog.aclexplode(d.defaclacl)
        UNION ALL
       SELECT d.defaclrole, 0::oid, 'without '::text || usual.privilege_type::text, false
         FROM pg_catalog.aclexplode(pg_catalog.acldefault(
                  CASE d.defaclobjtype WHEN 'S' THEN 's' ELSE d.defaclobjtype END, d.defaclrole)) AS usual
        WHERE usual.grantee = 0::oid AND n.oid IS NULL
          AND NOT EXISTS (SELECT FROM pg_catalog.aclexplode(d.defaclacl) AS given
                           WHERE given.grantee = 0::oid
                             AND given.privilege_type = usual.privilege_type)) AS acl
 -- New chunks get those of TimescaleDB's schema for them.
 WHERE (n.oid IS NULL OR n.nspname = ANY(:schemas) OR n.nspname = '_timescaledb_internal')
   AND acl.grantee <> d.defaclrole
   AND NOT (acl.grantee = 0::oid AND d.defaclobjtype IN ('f', 'T') AND n.oid IS NULL
            AND acl.privilege_type !~ '^without '::text)
 GROUP BY 2, 5, 6
