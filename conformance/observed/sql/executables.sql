-- What PostgreSQL could execute of this database's own while it plans: functions that are not volatile,
-- which are folded where their arguments are constants; functions in SQL, whose bodies are planned with
-- the call; and the functions of casts and operators, known by their types. Extensions are not meant.
WITH own AS MATERIALIZED (
    SELECT p.oid, p.proname::text AS name, l.lanname = 'sql' AS is_sql
      FROM pg_catalog.pg_proc p
      JOIN pg_catalog.pg_language l ON l.oid = p.prolang
     WHERE p.oid >= 16384::oid
       AND p.prokind = 'f'
       AND (p.provolatile <> 'v' OR l.lanname = 'sql')
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                        WHERE e.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass::oid
                          AND e.objid = p.oid AND e.deptype = 'e')
), typed (oid) AS (
    SELECT pg_catalog.unnest(ARRAY[k.castsource, k.casttarget])
      FROM pg_catalog.pg_cast k JOIN own ON own.oid = k.castfunc
    UNION SELECT pg_catalog.unnest(ARRAY[o.oprleft, o.oprright])
      FROM pg_catalog.pg_operator o JOIN own ON own.oid = o.oprcode::oid
)
SELECT name AS word, NOT is_sql AS only_called FROM own
UNION SELECT o.oprname::text, false
        FROM pg_catalog.pg_operator o JOIN own ON own.oid = o.oprcode::oid
       WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_operator b
                          WHERE b.oid < 16384::oid AND b.oprname = o.oprname)
UNION SELECT t.typname::text, false
        FROM typed JOIN pg_catalog.pg_type t ON t.oid = typed.oid
       WHERE t.oid >= 16384::oid
