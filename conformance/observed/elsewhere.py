"""Tables of schemas that are not checked: where a missing one may have gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from conformance.observed.catalog import Scope

_NAMESAKES = text("""
SELECT n.nspname AS schema_name, c.relname AS table_name,
       ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a
              WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p') AND c.relname = ANY(:names)
   AND n.nspname <> ALL(:schemas) AND NOT pg_catalog.starts_with(n.nspname::text, 'pg_')
 ORDER BY 1, 2
""")


def namesakes_of(
    connection: Connection, scope: Scope, missing: Mapping[str, set[str]]
) -> dict[str, tuple[str, str]]:
    """The schema and name of the one table that a missing one could be.

    Args:
        missing: the name of each missing table in facts -> the names of its columns.
    """
    local = {name: name.rpartition(".")[2] for name in missing}
    if not local:
        return {}
    names = {"names": sorted({*local.values()}), "schemas": list(scope.schemas)}
    rows = connection.execute(_NAMESAKES, names).all()
    found = {
        name: [
            (str(row.schema_name), str(row.table_name))
            for row in rows
            if row.table_name == local[name] and {*row.columns} == columns
        ]
        for name, columns in missing.items()
    }
    return {name: places[0] for name, places in found.items() if len(places) == 1}
