"""Whether rows can still be written where triggers run: a trigger's body is only read when it runs.

PostgreSQL renames nothing in the body of a function, and does not depend on what the body names.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from conformance.errors import describe_briefly, state_of
from conformance.gate.evidence.evidence import FailedWrite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Row

    from conformance.observed import Scope

#: Tables and views with triggers that are not TimescaleDB's own, and the columns that can be
#: written. Rows of partitions are written through their table.
_TABLES = text("""
SELECT n.nspname AS schema, c.relname AS table,
       pg_catalog.format('%I.%I', n.nspname, c.relname) AS quoted, c.relhassubclass AS has_parts,
       c.relkind = 'v' AS is_view,
       ARRAY(SELECT pg_catalog.quote_ident(a.attname) FROM pg_catalog.pg_attribute a
              WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                AND a.attgenerated = '' ORDER BY a.attnum) AS columns,
       ARRAY(SELECT pg_catalog.quote_ident(a.attname) FROM pg_catalog.pg_attribute a
              WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                AND a.attgenerated = '' AND a.attidentity <> 'a' ORDER BY a.attnum) AS changeable
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = ANY(:schemas) AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
   AND EXISTS (SELECT FROM pg_catalog.pg_trigger t
                WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')
                  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                                    JOIN pg_catalog.pg_extension x
                                      ON x.oid = d.refobjid AND x.extname = 'timescaledb'
                                   WHERE d.objid = t.tgfoid AND d.deptype = 'e'
                                     AND d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass))
 ORDER BY 1, 2
""")
#: Rows that do not change meet no condition such as OLD.* IS DISTINCT FROM NEW.*. The second
#: statement makes PostgreSQL read the triggers of all tables again.
_WITHOUT_CONDITIONS = """
UPDATE pg_catalog.pg_trigger SET tgqual = NULL WHERE tgqual IS NOT NULL AND NOT tgisinternal;
UPDATE pg_catalog.pg_class SET relhastriggers = true WHERE relhastriggers
"""
#: The role of the application may have any schema on its path, and the triggers count on it.
_ON_THE_PATH = text("""
SELECT pg_catalog.set_config('search_path', pg_catalog.concat_ws(', ',
    nullif(pg_catalog.current_setting('search_path'), ''),
    (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(n.nspname), ', ' ORDER BY n.nspname)
       FROM pg_catalog.pg_namespace n
      WHERE n.nspname !~ '^(pg_|_?timescaledb_|information_schema$)')), true)
""")
#: Inserts a row that was there: triggers AFTER INSERT run where a row is inserted. Without a role
#: that may set this, nothing is tried.
_INSERT_AGAIN = """
SET LOCAL session_replication_role = replica;
CREATE TEMPORARY TABLE conformance_row ON COMMIT DROP AS SELECT {columns} FROM {table} LIMIT 1;
DELETE FROM {table};
SET LOCAL session_replication_role = origin;
INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE
SELECT {columns} FROM pg_temp.conformance_row
"""
#: Runs the triggers that a transaction defers to its end.
_DEFERRED = "SET CONSTRAINTS ALL IMMEDIATE"
#: The class of errors of names and syntax, without that of missing privileges. Keys, checks and
#: what a trigger raises itself may be about the rows.
_NAMES = "42"
_PRIVILEGE = "42501"
#: undefined_object is also that of a setting which the application sets in each session.
_UNDEFINED_OBJECT = "42704"
_SETTING = "configuration parameter"
#: What moddatetime and others of PostgreSQL's contrib say, which have no code of their own for it.
_NO_ATTRIBUTE = " has no attribute "


def failed_writes(connection: Connection, scope: Scope) -> list[FailedWrite]:
    """Write the rows of tables and views with triggers once more, and roll back.

    Returns:
        The statements that fail by a name, most likely one in the function of a trigger.
    """
    found = []
    tables = connection.execute(_TABLES, {"schemas": list(scope.schemas)}).all()
    if tables:
        connection.execute(_ON_THE_PATH)
        # Only a superuser may change the catalog.
        with suppress(DBAPIError), connection.begin_nested():
            connection.exec_driver_sql(_WITHOUT_CONDITIONS)
    for table in tables:
        for verb, statements in _writes(table).items():
            reason = next(filter(None, (_refused(connection, each) for each in statements)), "")
            if reason:
                found.append(FailedWrite(scope.name(table.schema, table.table), verb, reason))
    connection.rollback()
    return found


def _writes(table: Row[Any]) -> dict[str, Sequence[str]]:
    """The statements of each verb that are tried; a table may have no column to write."""
    columns = ", ".join(table.columns)
    changes = [f"{name} = {name}" for name in table.changeable]
    # TimescaleDB may reject a change of the time in a compressed chunk, before triggers run.
    alone = changes if table.has_parts else []
    insert = (
        f"INSERT INTO {table.quoted} ({columns}) OVERRIDING SYSTEM VALUE"
        f" SELECT {columns} FROM {table.quoted} LIMIT 1"
    )
    inserts = (
        # A row that is there already: triggers BEFORE INSERT run before it is refused.
        f"{insert} ON CONFLICT DO NOTHING",
        _INSERT_AGAIN.format(table=table.quoted, columns=columns),
    )
    return {
        "INSERT": () if not columns else (insert,) if table.is_view else inserts,
        "UPDATE": [
            f"UPDATE {table.quoted} SET {change}"
            for change in filter(None, [", ".join(changes), *alone])
        ],
        "DELETE": (f"DELETE FROM {table.quoted}",),
    }


def _refused(connection: Connection, statement: str) -> str:
    attempt = connection.begin_nested()
    try:
        for each in (statement, _DEFERRED):
            connection.exec_driver_sql(each, execution_options={"no_parameters": True})
    except DBAPIError as error:
        said, state = describe_briefly(error), state_of(error)
        of_a_setting = state == _UNDEFINED_OBJECT and _SETTING in said
        of_names = state.startswith(_NAMES) and state != _PRIVILEGE and not of_a_setting
        return said if of_names or _NO_ATTRIBUTE in said else ""
    finally:
        attempt.rollback()
    return ""
