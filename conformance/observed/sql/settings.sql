-- Settings of this database and of roles in it; of two of one name the nearer one holds. With a
-- search_path, the tables of the default schema that a name alone does not lead to.
WITH setting AS (
    SELECT DISTINCT ON (s.setrole, pg_catalog.lower(pg_catalog.split_part(entry, '=', 1)))
           r.rolname AS role_name,
           pg_catalog.split_part(entry, '=', 1) AS name,
           pg_catalog.substr(entry, pg_catalog.strpos(entry, '=') + 1) AS value
      FROM pg_catalog.pg_db_role_setting s
      LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
     CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) AS entry
     WHERE s.setdatabase = 0::oid
        OR s.setdatabase = (SELECT d.oid FROM pg_catalog.pg_database d
                             WHERE d.datname = pg_catalog.current_database())
     ORDER BY s.setrole, pg_catalog.lower(pg_catalog.split_part(entry, '=', 1)), s.setdatabase DESC
), usual AS (
    SELECT owner FROM conformance_usual_owner AS usual
), locale AS (
    -- The name of an ICU or builtin locale is in another column from PostgreSQL 17 on.
    SELECT d.*, pg_catalog.pg_encoding_to_char(d.encoding)::text AS charset,
           pg_catalog.concat_ws(' ', CASE d.datlocprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' END,
               coalesce(pg_catalog.to_jsonb(d) ->> 'datlocale'::text,
                        pg_catalog.to_jsonb(d) ->> 'daticulocale'::text), d.datcollate,
               nullif(d.datctype, d.datcollate)) AS locale
      FROM pg_catalog.pg_database d
), own AS (
    SELECT d.*, initial.charset AS initial_charset, initial.locale AS initial_locale
      FROM locale d LEFT JOIN locale initial ON initial.datname = 'template0'
     WHERE d.datname = pg_catalog.current_database()
)
-- What is unusual of the database and of the schemas.
SELECT 'setting' AS kind, NULL AS role_name, property.name, property.value, '{}'::text[] AS hidden,
       pg_catalog.concat('database ', own.datname) AS object, NULL AS initial
  FROM own LEFT JOIN usual ON true
 CROSS JOIN LATERAL (VALUES
       ('owner', CASE WHEN own.datdba <> usual.owner THEN pg_catalog.pg_get_userbyid(own.datdba)::text END),
       ('encoding', CASE WHEN own.charset <> 'UTF8' OR own.charset <> own.initial_charset
                         THEN own.charset END),
       -- The order of texts, which letters are alike and which indexes serve LIKE depend on it.
       ('locale', CASE WHEN own.locale <> own.initial_locale THEN own.locale END),
       ('collation_version',
        CASE WHEN own.datcollversion <> pg_catalog.pg_database_collation_actual_version(own.oid)
             THEN pg_catalog.concat(own.datcollversion, ', the server has ',
                      pg_catalog.pg_database_collation_actual_version(own.oid)) END),
       ('connection_limit', CASE WHEN own.datconnlimit >= 0 THEN own.datconnlimit::text END),
       ('template', CASE WHEN own.datistemplate THEN 'yes' END)
     ) AS property (name, value)
 WHERE property.value IS NOT NULL
UNION ALL
SELECT 'schema', NULL, 'owner', pg_catalog.pg_get_userbyid(n.nspowner), '{}', n.nspname, NULL
  FROM pg_catalog.pg_namespace n JOIN usual ON n.nspowner <> usual.owner
 WHERE n.nspname = ANY(:schemas)
   -- The role of the database's owner, whoever that is, has public from the start.
   AND pg_catalog.pg_get_userbyid(n.nspowner) <> 'pg_database_owner'
UNION ALL
SELECT 'setting', s.role_name, s.name, s.value,
       CASE WHEN pg_catalog.lower(s.name) = 'search_path' THEN ARRAY(
           SELECT c.relname
             FROM pg_catalog.pg_class c
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = :default_schema AND c.relkind IN ('r', 'p', 'f')
              AND NOT c.relispartition
              AND (SELECT pn.nspname
                     FROM pg_catalog.unnest(pg_catalog.string_to_array(s.value, ','))
                          WITH ORDINALITY AS path (part, position)
                     JOIN pg_catalog.pg_namespace pn
                       ON pn.nspname = pg_catalog.btrim(pg_catalog.btrim(path.part), '"')
                     JOIN pg_catalog.pg_class pc
                       ON pc.relnamespace = pn.oid AND pc.relname = c.relname
                    ORDER BY path.position LIMIT 1) IS DISTINCT FROM n.nspname
            ORDER BY 1)::text[]
       ELSE '{}'::text[] END AS hidden, NULL, p.boot_val
  FROM setting s
  LEFT JOIN pg_catalog.pg_settings p ON pg_catalog.lower(p.name) = pg_catalog.lower(s.name)
