-- Views and materialized views of the schemas in scope, apart from those of extensions and from
-- continuous aggregates, with their columns.
SELECT n.nspname AS schema_name,
       c.relname AS view_name,
       c.relkind AS kind,
       pg_catalog.pg_get_viewdef(c.oid) AS definition,
       CASE WHEN c.relkind = 'v' THEN
           -- A switch that is off is as if it were not set, and has several spellings.
           ARRAY(SELECT pg_catalog.concat(o.option_name, '=',
                                          CASE WHEN o.option_name ~ '^security_'::text
                                               THEN 'true' ELSE pg_catalog.lower(o.option_value)
                                           END)
                   FROM pg_catalog.pg_options_to_table(c.reloptions) AS o
                  WHERE CASE WHEN o.option_name ~ '^security_'::text
                             THEN o.option_value::boolean ELSE true END)
           -- What a row that is written to the view gets.
           || ARRAY(SELECT pg_catalog.concat('default of ', a.attname, '=',
                                             pg_catalog.pg_get_expr(d.adbin, d.adrelid))
                      FROM pg_catalog.pg_attrdef d
                      JOIN pg_catalog.pg_attribute a
                        ON a.attrelid = d.adrelid AND a.attnum = d.adnum
                     WHERE d.adrelid = c.oid)
       END AS options,
       pg_catalog.pg_get_userbyid(c.relowner) AS owner,
       (SELECT pg_catalog.pg_get_userbyid(usual.owner)
          FROM conformance_usual_owner AS usual) AS usual_owner,
       columns.names, columns.types
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 CROSS JOIN LATERAL (
       SELECT pg_catalog.array_agg(a.attname::text ORDER BY a.attnum) AS names,
              pg_catalog.array_agg(pg_catalog.format_type(a.atttypid, a.atttypmod)
                                   ORDER BY a.attnum) AS types
         FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0
     ) AS columns
 WHERE n.nspname = ANY(:schemas)
   AND c.relkind IN ('v', 'm')
   AND (n.nspname, c.relname) NOT IN (SELECT a.view_schema, a.view_name
                                        FROM conformance_aggregate_names AS a)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                    WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass::oid
                      AND e.objid = c.oid AND e.deptype = 'e')
