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
)
SELECT s.role_name, s.name, s.value,
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
       ELSE '{}'::text[] END AS hidden
  FROM setting s
