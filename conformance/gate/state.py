"""All that a migration can change, at one moment: facts, what the catalogs hold, and rows."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sqlalchemy import text

from conformance.digests import digest
from conformance.facts import show
from conformance.observed import Scope, observed_facts
from conformance.observed.traces import traces
from conformance.pipeline import prepare_session

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from sqlalchemy import Connection

    from conformance.facts import FactKey, Facts

_TABLES = text("""
SELECT c.oid, n.nspname AS schema, c.relname AS name,
       pg_catalog.format('%I.%I', n.nspname, c.relname) AS quoted,
       coalesce((SELECT h.compression_enabled FROM timescaledb_information.hypertables h
                  WHERE h.hypertable_schema = n.nspname AND h.hypertable_name = c.relname),
                false) AS compressed,
       ARRAY(SELECT pg_catalog.unnest(k.conkey) FROM pg_catalog.pg_constraint k
              WHERE k.conrelid = c.oid AND k.contype = 'p')::int[] AS key
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p') AND n.nspname = ANY(:schemas) AND c.relname <> :version_table
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid)
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


_NUMBERED = re.compile(r"\d+(_\d+)*")


@dataclass(frozen=True)
class Column:
    """A column of a table; renamed, it keeps its number.

    Attributes:
        computed: the server makes its values: an identity or generated column.
        digest: of its values.
    """

    name: str
    type: str
    not_null: bool
    computed: bool
    has_default: bool
    digest: int


@dataclass(frozen=True)
class Contents:
    """A table's rows and columns.

    Attributes:
        name: with its schema unless that is the default one.
        compressed: whether it is a hypertable with compression enabled.
        rows: how many.
        columns: by number.
        key: the numbers of the columns that a row is known by.
        constraints: kind and name, by oid, unique indexes too.
    """

    oid: int = field(compare=False)
    name: str
    compressed: bool
    rows: int
    columns: Mapping[int, Column]
    key: tuple[int, ...]
    constraints: Mapping[int, tuple[str, str]] = field(default_factory=dict, compare=False)

    def numbers(self) -> dict[str, int]:
        """The columns' numbers by their names."""
        return {column.name: number for number, column in self.columns.items()}


@dataclass(frozen=True)
class State:
    """What is compared before and after; two are equal if nothing changed."""

    facts: Facts
    traces: Counter[str]
    contents: Mapping[int, Contents]
    version: tuple[str, ...] = ()


def read_state(connection: Connection, scope: Scope, *, like: State | None = None) -> State:
    """The state of the database that the connection is in; nothing is written.

    Args:
        like: an earlier state. Rows are known by the columns that they were known by there, so
            that their digests can be compared.
    """
    prepare_session(connection, scope)
    facts = observed_facts(connection, scope)
    state = State(
        facts,
        traces(connection, version_table=scope.version_table),
        _contents(connection, scope, like),
        _version(connection, scope),
    )
    connection.rollback()
    return state


def _version(connection: Connection, scope: Scope) -> tuple[str, ...]:
    table = scope.version_table
    if connection.scalar(text("SELECT pg_catalog.to_regclass(:t)"), {"t": table}) is None:
        return ()
    return tuple(connection.scalars(text(f"SELECT version_num FROM {table} ORDER BY 1")))


def _contents(connection: Connection, scope: Scope, like: State | None) -> dict[int, Contents]:
    looked_at = {"schemas": list(scope.schemas), "version_table": scope.version_table}
    tables = connection.execute(_TABLES, looked_at).all()
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
        earlier = like and counterpart(like.contents, table.oid, contents.name)
        found[table.oid] = _with_digests(connection, table.quoted, contents, earlier or None)
    return found


def counterpart(contents: Mapping[int, Contents], oid: int, name: str) -> Contents | None:
    """The same table in another state: by its oid, else by its name."""
    if oid in contents:
        return contents[oid]
    return next((item for item in contents.values() if item.name == name), None)


def same_column(earlier: Contents, number: int, later: Contents) -> Column | None:
    """The column of a later state that the earlier one's became; None if it is gone.

    By its number, also under another name; by its name where it was dropped and made again.
    """
    column = earlier.columns[number]
    if earlier.oid == later.oid and number in later.columns:
        return later.columns[number]
    return next((item for item in later.columns.values() if item.name == column.name), None)


def _with_digests(
    connection: Connection, quoted: str, contents: Contents, earlier: Contents | None
) -> Contents:
    if not contents.columns:
        return contents
    key = [contents.columns[number].name for number in contents.key]
    if earlier is not None:
        same = [same_column(earlier, number, contents) for number in earlier.key]
        # Where one of them is gone the digests differ, and that it is gone says why.
        key = [column.name for column in same if column is not None] or key
    found = digest(connection, quoted, key=key)
    columns = {
        number: replace(column, digest=found.columns[column.name])
        for number, column in contents.columns.items()
    }
    return replace(contents, rows=found.rows, columns=columns)


def changed_facts(before: State, after: State) -> dict[FactKey, str]:
    """What became of every fact that is another one now: `id: 7 days -> 30 days`."""
    keys = sorted(before.facts.keys() | after.facts.keys(), key=lambda key: key.sort_key())
    return {
        key: f"{key.id}: {show(before.facts.get(key))} -> {show(after.facts.get(key))}"
        for key in keys
        if before.facts.get(key) != after.facts.get(key)
    }


def changed_traces(before: State, after: State) -> list[str]:
    """What a catalog has more or less of: `row in _timescaledb_config.bgw_job (+1)`.

    Chunks that were compressed anew have other numbers in their names; that is no trace.
    """
    earlier, later = _without_numbers(before.traces), _without_numbers(after.traces)
    return [
        f"{name} ({later[name] - earlier[name]:+})"
        for name in sorted(earlier | later)
        if later[name] != earlier[name]
    ]


def _without_numbers(traces: Counter[str]) -> Counter[str]:
    found: Counter[str] = Counter()
    for name, count in traces.items():
        found[_NUMBERED.sub("#", name) if "_timescaledb_internal." in name else name] += count
    return found


def changed_rows(
    before: State, after: State, *, without: Collection[str] = ()
) -> Iterator[tuple[str, str]]:
    """Tables and columns of before whose rows are others now: the name, and what became of it.

    Args:
        without: names that are left out, as `table` or `table.column`.
    """
    for oid, earlier in before.contents.items():
        later = counterpart(after.contents, oid, earlier.name)
        if earlier.name in without or not earlier.rows:
            continue
        if later is None:
            yield earlier.name, f"{earlier.name} is gone"
        elif earlier.rows != later.rows:
            yield earlier.name, f"{earlier.name} has {later.rows} rows instead of {earlier.rows}"
        else:
            for name, what in _changed_columns(earlier, later):
                if name not in without:
                    yield name, what


def _changed_columns(earlier: Contents, later: Contents) -> Iterator[tuple[str, str]]:
    for number, column in earlier.columns.items():
        name = f"{earlier.name}.{column.name}"
        same = same_column(earlier, number, later)
        if same is None:
            yield name, f"{name} is gone"
        elif same.digest != column.digest:
            yield name, f"{name} has other values"


def differences(before: State, after: State) -> list[str]:
    """Everything that is not as it was, for people."""
    found = list(changed_facts(before, after).values())
    found += [what for _, what in changed_rows(before, after)]
    if not found:
        found += changed_traces(before, after)
    if before.version != after.version:
        found.append(f"Alembic's version is {', '.join(after.version) or 'none'}")
    return found
