"""Read the state of a database: facts, catalog entries, and digests of rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import text

from conformance.gate.evidence.state import Column, Contents, State, counterpart, same_column
from conformance.observed import Scope, observed_facts
from conformance.observed.privileges import is_on_version_table
from conformance.observed.traces import traces
from conformance.observed.version_table import applied_revisions
from conformance.pipeline import prepare_session
from conformance.population.digests import digest
from conformance.population.reflection import schemas_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

_TABLES = text("""
SELECT c.oid, n.nspname AS schema, c.relname AS name,
       pg_catalog.format('%I.%I', n.nspname, c.relname) AS quoted,
       coalesce((SELECT h.compression_enabled FROM timescaledb_information.hypertables h
                  WHERE h.hypertable_schema = n.nspname AND h.hypertable_name = c.relname),
                false) AS compressed,
       coalesce((SELECT k.conkey FROM pg_catalog.pg_constraint k
                  WHERE k.conrelid = c.oid AND k.contype = 'p'),
                -- Another key that tells rows apart.
                (SELECT k.columns
                   FROM pg_catalog.pg_index i
                  CROSS JOIN LATERAL (
                        SELECT (i.indkey::smallint[])[0 : i.indnkeyatts - 1] AS columns) AS k
                  WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid
                    AND i.indpred IS NULL AND i.indexprs IS NULL
                    AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a
                                     WHERE a.attrelid = c.oid AND NOT a.attnotnull
                                       AND a.attnum = ANY(k.columns))
                  ORDER BY i.indexrelid LIMIT 1), '{}')::int[] AS key
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE (c.relkind IN ('r', 'p')
        -- What an aggregate has materialized may be all that is left of its source's rows.
        OR c.relkind = 'v' AND (n.nspname, c.relname) IN (
            SELECT a.view_schema, a.view_name
              FROM timescaledb_information.continuous_aggregates a))
   AND n.nspname = ANY(:schemas) AND c.relname <> :version_table
   -- One that a revision made a partition, chunk or child of another still has its rows.
   AND (c.oid = ANY(:earlier)
        OR NOT EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid))
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                      AND d.objid = c.oid AND d.deptype = 'e')
 ORDER BY 2, 3
""")

_COLUMNS = text("""
SELECT a.attrelid AS table, a.attnum AS number, a.attname AS name, a.attnotnull AS not_null,
       pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,
       a.attidentity <> '' OR a.attgenerated <> '' AS computed,
       d.adbin IS NOT NULL AS has_default
  FROM pg_catalog.pg_attribute a
  LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE a.attrelid = ANY(:tables) AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY 1, 2
""")

_KEYS = text("""
SELECT conrelid AS table, oid, conname AS name,
       CASE contype WHEN 'c' THEN 'check' WHEN 'f' THEN 'foreign key'
                    WHEN 'p' THEN 'primary key' ELSE 'unique key' END AS kind
  FROM pg_catalog.pg_constraint WHERE conrelid = ANY(:tables) AND contype IN ('c', 'f', 'p', 'u')
UNION ALL
SELECT indrelid, indexrelid, relname, 'unique index'
  FROM pg_catalog.pg_index JOIN pg_catalog.pg_class i ON i.oid = indexrelid
 WHERE indrelid = ANY(:tables) AND indisunique
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conindid = indexrelid)
 ORDER BY 1, 2
""")


def with_every_schema(connection: Connection, scope: Scope) -> Scope:
    """The scope with all schemas of the database: a revision may have created some."""
    return replace(scope, schemas=tuple(sorted({*schemas_of(connection), *scope.schemas})))


def read_state(connection: Connection, scope: Scope, *, earlier: State | None = None) -> State:
    """Read the state of the connection's database; nothing is written.

    Args:
        earlier: a state to compare with. Rows are identified by the same columns as in that state,
            so that their digests are comparable.
    """
    prepare_session(connection, scope)
    observed = observed_facts(connection, scope)
    state = State(
        # Alembic creates its table in the first upgrade, and no downgrade drops it.
        {key: value for key, value in observed.items() if not is_on_version_table(key, scope)},
        traces(connection, version_table=scope.version_table),
        _contents(connection, scope, earlier),
        applied_revisions(connection, scope.version_table),
    )
    connection.rollback()
    return state


def _contents(connection: Connection, scope: Scope, earlier: State | None) -> dict[int, Contents]:
    parameters = {"schemas": list(scope.schemas), "version_table": scope.version_table}
    known = {"earlier": list(earlier.contents) if earlier else []}
    tables = connection.execute(_TABLES, parameters | known).all()
    oids = {"tables": [table.oid for table in tables]}
    columns: dict[int, dict[int, Column]] = {}
    for row in connection.execute(_COLUMNS, oids):
        columns.setdefault(row.table, {})[row.number] = Column(
            row.name, row.type, row.not_null, row.computed, row.has_default, 0
        )
    constraints: dict[int, dict[int, tuple[str, str]]] = {}
    for row in connection.execute(_KEYS, oids):
        constraints.setdefault(row.table, {})[row.oid] = (row.kind, row.name)
    found = {}
    for table in tables:
        contents = Contents(
            table.oid,
            scope.name(table.schema, table.name),
            table.compressed,
            0,
            columns.get(table.oid, {}),
            tuple(table.key) or tuple(columns.get(table.oid, ())),
            constraints.get(table.oid, {}),
        )
        before = earlier and counterpart(earlier.contents, table.oid, contents.name)
        found[table.oid] = _with_digests(connection, table.quoted, contents, before or None)
    return found


def _with_digests(
    connection: Connection, quoted: str, contents: Contents, earlier: Contents | None
) -> Contents:
    if not contents.columns:
        return contents
    key = [contents.columns[number].name for number in contents.key]
    if earlier is not None:
        same = [same_column(earlier, number, contents) for number in earlier.key]
        # If a key column was dropped, the digests differ; the finding about the column says why.
        key = [column.name for column in same if column is not None] or key
    identified = (earlier or contents).has_key
    found = digest(connection, quoted, key=key, values=True, identified=identified)
    columns = {
        number: replace(column, digest=found.columns[column.name], values=found.values[column.name])
        for number, column in contents.columns.items()
    }
    return replace(contents, rows=found.rows, columns=columns)
