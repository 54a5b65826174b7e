"""Rows in every table and chunks of every state: what a migration meets in a living database."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from sqlalchemy import (
    PrimaryKeyConstraint,
    UniqueConstraint,
    cast,
    column,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import CompileError, DataError, DBAPIError, IntegrityError

import conformance
from conformance.declarations import compression_of, hypertable_of, tables_of
from conformance.expected import expected_facts, spelling
from conformance.observed.home import function
from conformance.strategies import NotDerivable, checks_of, chunk_starts, default_span, rows
from conformance.strategies.derivation import derivation_of
from conformance.strategies.drawing import drawing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from hypothesis.strategies import SearchStrategy
    from sqlalchemy import Column, ColumnElement, Connection, MetaData, Table

    from conformance.strategies import Span

#: Every fourth chunk stays as it is, is compressed, is compressed and then written to, or is
#: compressed and decompressed again.
CHUNK_STATES = ("plain", "compressed", "partly compressed", "decompressed")
#: Rows for each plain table, and for each chunk; more than one in a segment. And plain rows.
ROWS, PLAIN_ROWS = 8, 3

_CHECK_VIOLATION = "23514"
_KEYS = (PrimaryKeyConstraint, UniqueConstraint)
#: One of them is a value of almost every type, also of extensions'.
_SAMPLES = (
    "", "0", "a", "{}", "$", "(0,0)", "POINT(0 0)", "[0]", "0/0", "1:1:", "(0,0),(1,1)",
    "<(0,0),1>", "{1,0,0}",
)  # fmt: skip


def fill_every_state(
    connection: Connection,
    metadata: MetaData,
    *,
    compress: bool,
    span: Callable[[Table], Span] = default_span,
    plain: bool = False,
) -> None:
    """Insert generated rows into every table, and bring the chunks of each into all states.

    The same rows each time. A table of which none can be made stays empty; `thinness.thin` says
    which one and why.

    Args:
        metadata: its tables are there, and empty.
        compress: False on a server without compression; all chunks then stay plain.
        span: first and last value of a hypertable's time column; each chunk between has rows.
        plain: as few rows as will do, easy to read.

    Raises:
        sqlalchemy.exc.DBAPIError: the database refuses the rows.
    """
    for table in tables_of(metadata):
        with suppress(ValueError):
            fill_table(connection, table, compress=compress, span=span, plain=plain)


def fill_table(
    connection: Connection,
    table: Table,
    *,
    compress: bool,
    span: Callable[[Table], Span] = default_span,
    plain: bool = False,
) -> None:
    """The same for one table, whose parents have their rows already.

    Args:
        compress, span, plain: as above.

    Raises:
        ValueError: no rows can be made; nothing has been inserted.
        sqlalchemy.exc.DBAPIError: the database refuses the rows.
    """
    generated = _generated(connection, table, span, plain=plain)
    inserted = [_insert(connection, table, row) for row in generated]
    if not any(inserted):
        unread = derivation_of(table).unread
        raise NotDerivable(table, [f"{check}; no generated row satisfies it" for check in unread])
    if compress and compression_of(table) is not None:
        _bring_into_states(connection, table)


def rows_key(metadata: MetaData | None = None) -> str:
    """A hash of what decides which rows tables get, for the key of a database that has them.

    The tool's own code, of which any change makes them anew, and what the metadata says.
    """
    facts = {} if metadata is None else expected_facts(metadata)
    # Sorted: SQLAlchemy keeps constraints in sets, whose order differs from process to process.
    said = [_code(), *sorted(f"{key.id}: {value}" for key, value in facts.items())]
    return hashlib.sha256("\n".join(said).encode()).hexdigest()


@cache
def _code() -> str:
    digest = hashlib.sha256()
    for path in sorted(Path(conformance.__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def draw(strategy: SearchStrategy[Any], count: int, *, variant: int = 0) -> list[Any]:
    """At most so many values of the strategy, the same each time.

    Args:
        variant: another number draws other values.
    """
    drawn: list[Any] = []

    @seed(variant)
    @settings(
        max_examples=count,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def keep(value: Any) -> None:
        drawn.append(value)

    with drawing():
        keep()
    return drawn


def parents_of(connection: Connection, table: Table) -> dict[str, list[Any]]:
    """The values that the table's foreign keys can take; of keys of several columns, rows."""
    found: dict[str, list[Any]] = {}
    constraints = table.foreign_key_constraints
    for parent in {constraint.referred_table for constraint in constraints}:
        keys = [
            [element.column for element in constraint.elements]
            for constraint in constraints
            if constraint.referred_table is parent
        ]
        columns = list(dict.fromkeys(column for key in keys for column in key))
        known = connection.execute(select(*columns).order_by(*columns)).all()
        if all(len(key) == 1 for key in keys):
            for number, column in enumerate(columns):
                found[f"{parent.fullname}.{column.key}"] = [row[number] for row in known]
        else:
            names = [column.name for column in columns]
            found[parent.fullname] = [dict(zip(names, row, strict=True)) for row in known]
    return found


def chunks_of(connection: Connection, table: Table) -> Sequence[str]:
    """The hypertable's chunks, by age: names to put into SQL, with their schema."""
    name = connection.dialect.identifier_preparer.format_table(table)
    found: Sequence[str] = connection.scalars(
        text(
            "SELECT format('%I.%I', nspname, relname)"
            f" FROM {function(connection, 'show_chunks')}(CAST(:table AS regclass)) AS chunk"
            " JOIN pg_class c ON c.oid = chunk JOIN pg_namespace n ON n.oid = relnamespace"
            " ORDER BY c.oid"
        ),
        {"table": name},
    ).all()
    return found


def _insert(connection: Connection, table: Table, row: dict[str, Any]) -> bool:
    """Insert a row; False where a check that is not understood refuses it, or fails on it."""
    # Strategies do not keep to unique constraints.
    statement = insert(table).values(row).on_conflict_do_nothing()
    unread = {check.name for check in derivation_of(table).unread}
    if not unread:
        connection.execute(statement)
        return True
    try:
        with connection.begin_nested():
            connection.execute(statement)
    except (DataError, IntegrityError) as error:
        broken = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
        understood = {spelling.final_name(check) for check in checks_of(table)} - unread
        code = getattr(error.orig, "pgcode", None)
        if broken in understood or (code != _CHECK_VIOLATION and not isinstance(error, DataError)):
            raise
        return False
    return True


def _generated(
    connection: Connection, table: Table, span: Callable[[Table], Span], *, plain: bool
) -> Iterator[dict[str, Any]]:
    parents = parents_of(connection, table)
    unread = [check.name for check in derivation_of(table).unread]
    strategy = partial(
        rows,
        table,
        {**_nulls(table, parents), **_server_samples(connection, table)},
        parents=parents,
        plain=plain,
        nulls_for_unknown=True,
        trusting=unread,
    )
    count = PLAIN_ROWS if plain else ROWS
    if hypertable_of(table) is None:
        yield from draw(strategy(), count)
        return
    first, last = span(table)
    starts = chunk_starts(table, (first, last))
    for start, end in zip(starts, [*starts[1:], last], strict=True):
        yield from draw(strategy(span=(start, end)), count)


def _nulls(table: Table, parents: dict[str, list[Any]]) -> dict[str, None]:
    """Foreign keys of which no parent is there refer to nothing, where they may."""
    return {
        element.parent.key: None
        for constraint in table.foreign_key_constraints
        if all(element.parent.nullable for element in constraint.elements)
        for element in constraint.elements
        if not parents.get(f"{element.column.table.fullname}.{element.column.key}")
        and not parents.get(element.column.table.fullname)
    }


def _server_samples(connection: Connection, table: Table) -> dict[str, ColumnElement[Any]]:
    """For columns of whose values nothing is known, and that must have one: what the server makes.

    A value of the type, read from one text or another.
    """
    derivation = derivation_of(table)
    fields = map(derivation.fields.__getitem__, derivation.unknown)
    # A decorator may not give back what it has not made.
    needed = [field for field in fields if field.needs_value and not field.kind.decorators]
    found = {field.key: _server_sample(connection, field.column) for field in needed}
    return {key: sample for key, sample in found.items() if sample is not None}


def _server_sample(connection: Connection, column: Column[Any]) -> ColumnElement[Any] | None:
    for sample in _SAMPLES:
        value = cast(literal_column(f"'{sample}'"), column.type)
        with suppress(CompileError, DBAPIError), connection.begin_nested():
            connection.execute(select(value))
            return value
    return None


def _bring_into_states(connection: Connection, table: Table) -> None:
    for number, chunk in enumerate(chunks_of(connection, table)):
        state = CHUNK_STATES[number % len(CHUNK_STATES)]
        if state != "plain":
            _do(connection, "compress_chunk", chunk)
        if state == "decompressed":
            _do(connection, "decompress_chunk", chunk)
        if state == "partly compressed":
            _touch(connection, table, chunk)


def _do(connection: Connection, name: str, chunk: str) -> None:
    """Call a function of TimescaleDB's on a chunk."""
    call = text(f"SELECT {function(connection, name)}(CAST(:chunk AS regclass))")
    connection.execute(call, {"chunk": chunk})


def _touch(connection: Connection, table: Table, chunk: str) -> None:
    """Take a row out of the compressed part of a chunk: an update leaves it uncompressed."""
    hypertable, compression = hypertable_of(table), compression_of(table)
    assert hypertable is not None
    assert compression is not None
    # An update of a key column would have to decompress the whole chunk, and is refused.
    keys = [
        *(item for item in table.constraints if isinstance(item, _KEYS)),
        *(index for index in table.indexes if index.unique),
    ]
    fixed = {hypertable.time_column, *compression.segment_by}
    fixed |= {item.name for key in keys for item in key.columns}
    touched = next((item for item in table.columns if item.name not in fixed), None)
    if touched is None:
        return
    (moment,) = (item for item in table.columns if item.name == hypertable.time_column)
    in_chunk = column("tableoid") == literal_column(f"'{chunk}'::regclass")
    oldest = select(moment).where(in_chunk).order_by(moment).limit(1).scalar_subquery()
    connection.execute(table.update().where(in_chunk, moment == oldest).values({touched: touched}))
