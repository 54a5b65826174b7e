"""Fill every table with rows, and hypertables with chunks in every state, as in production."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from hypothesis.errors import Unsatisfiable
from sqlalchemy import (
    cast,
    column,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import CompileError, DataError, DBAPIError, IntegrityError

from conformance.comparing.partitions import PARTITION_FIRST, lacks_partition
from conformance.comparing.tokens import quoted_table
from conformance.declarations import compression_of, hypertable_of, tables_of
from conformance.declarations.hypertables import referring_tables, unique_keys
from conformance.errors import describe_briefly, message_of, state_of
from conformance.expected import spelling
from conformance.observed.home import function
from conformance.population.foreign import how_kept
from conformance.population.given import given
from conformance.strategies import NotDerivable, checks_of, chunk_starts, default_span, rows
from conformance.strategies.derivation import derivation_of
from conformance.strategies.drawing import draw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Column, ColumnElement, Connection, MetaData, Table

    from conformance.strategies import Span

#: The states of chunks, in turn: never compressed; compressed; compressed and then updated;
#: compressed and decompressed again.
CHUNK_STATES = ("plain", "compressed", "partly compressed", "decompressed")
#: The number of rows of each plain table and of each chunk, enough for several rows in a segment;
#: and the same number if `plain` is set.
ROWS, PLAIN_ROWS = 8, 3

_CHECK_VIOLATION = "23514"
#: RAISE EXCEPTION, as in a trigger that refuses updates.
_RAISED = "P0001"
#: Almost every type, including types of extensions, accepts one of these texts.
_SAMPLES = (
    "", "0", "a", "{}", "$", "(0,0)", "POINT(0 0)", "[0]", "0/0", "1:1:", "(0,0),(1,1)",
    "<(0,0),1>", "{1,0,0}",
)  # fmt: skip


class NoPartition(ValueError):
    """A partitioned table has no partition for any generated row; says what to do."""


def fill_every_state(
    connection: Connection,
    metadata: MetaData,
    *,
    compress: bool,
    span: Callable[[Table], Span] = default_span,
    plain: bool = False,
) -> None:
    """Insert generated rows into every table, and bring the chunks into all states.

    The rows are the same each time. A table whose rows cannot be generated stays empty;
    `thinness.thin` gives the reason. Nothing is written to foreign tables.

    Args:
        metadata: the tables, which exist and are empty.
        compress: False on a server without compression; all chunks then stay plain. So do those of
            a hypertable that a foreign key refers to, which TimescaleDB does not compress.
        span: gives the first and the last value of a hypertable's time column; each chunk in
            between gets rows.
        plain: whether to insert few rows that are easy to read.

    Raises:
        sqlalchemy.exc.DBAPIError: the database rejects the rows.
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
    """Fill one table, whose parents already have rows, as `fill_every_state` does.

    Args:
        compress, span, plain: as for `fill_every_state`.

    Raises:
        ValueError: rows cannot be generated, or are on another server, or the table is a partition,
            or has no partition for one; nothing was inserted.
        sqlalchemy.exc.DBAPIError: the database rejects the rows.
    """
    kept = how_kept(connection, table)
    if kept.why_not_filled is not None:
        raise NotDerivable(table, [(kept.why_not_filled, "")])
    inserted, lacking = False, None
    try:
        for row in _generated(connection, table, span, plain=plain):
            try:
                inserted |= _insert(connection, table, row, partitioned=kept.partitioned)
            except NoPartition as error:
                lacking = lacking or error
    except Unsatisfiable:
        # Two columns that must differ may both have a parent table with a single row.
        raise NotDerivable(table, [("no values of its columns satisfy all checks", "")]) from None
    if not inserted:
        unread = derivation_of(table).unread
        raise lacking or NotDerivable(
            table, [(f"{check}; no generated row satisfies the check", "") for check in unread]
        )
    if compress and compression_of(table) is not None and not referring_tables(table):
        _bring_into_states(connection, table)


def chunks_of(connection: Connection, table: Table) -> Sequence[str]:
    """The hypertable's chunks in the order of creation: qualified names, quoted for SQL."""
    name = quoted_table(table)
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


def _insert(
    connection: Connection, table: Table, row: dict[str, Any], *, partitioned: bool
) -> bool:
    """Insert a row; False if a check that is not understood rejects the row or fails on it.

    Raises:
        NoPartition: the partitioned table has no partition for the row.
    """
    # Strategies ignore unique constraints.
    statement = insert(table).values(row).on_conflict_do_nothing()
    unread = {check.name for check in derivation_of(table).unread}
    if not unread and not partitioned:
        connection.execute(statement)
        return True
    try:
        with connection.begin_nested():
            connection.execute(statement)
    except (DataError, IntegrityError) as error:
        if lacks_partition(message_of(error)):
            raise NoPartition(f"{describe_briefly(error)}. {PARTITION_FIRST}") from None
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
    known = given(connection, table)
    unread = [check.name for check in derivation_of(table).unread]
    strategy = partial(
        rows,
        table,
        {**_nulls(table, known["parents"]), **_server_samples(connection, table)},
        **known,
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
    """NULL for the nullable foreign keys whose parent tables are empty."""
    return {
        element.parent.key: None
        for constraint in table.foreign_key_constraints
        if all(element.parent.nullable for element in constraint.elements)
        for element in constraint.elements
        if not parents.get(f"{element.column.table.fullname}.{element.column.key}")
        and not parents.get(element.column.table.fullname)
    }


def _server_samples(connection: Connection, table: Table) -> dict[str, ColumnElement[Any]]:
    """Let the server make values for columns of unknown types that must have a value.

    The server converts one of the sample texts to the column's type.
    """
    derivation = derivation_of(table)
    fields = map(derivation.fields.__getitem__, derivation.unknown)
    # A decorator may be unable to read a value that it did not write.
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
            _call(connection, "compress_chunk", chunk)
        if connection.scalar(text("SELECT to_regclass(:chunk) IS NULL"), {"chunk": chunk}):
            # Compression(chunk_interval=...): it became a part of the compressed chunk before it.
            continue
        if state == "decompressed":
            _call(connection, "decompress_chunk", chunk)
        if state == "partly compressed":
            _update_row(connection, table, chunk)


def _call(connection: Connection, name: str, chunk: str) -> None:
    """Call a TimescaleDB function on a chunk."""
    call = text(f"SELECT {function(connection, name)}(CAST(:chunk AS regclass))")
    connection.execute(call, {"chunk": chunk})


def _update_row(connection: Connection, table: Table, chunk: str) -> None:
    """Update a row of a compressed chunk, which moves the row out of the compressed part.

    Where a trigger of the project refuses the update, the chunk stays compressed.
    """
    hypertable, compression = hypertable_of(table), compression_of(table)
    assert hypertable is not None
    assert compression is not None
    # An update of a key column would need to decompress the whole chunk, and is rejected.
    fixed = {hypertable.time_column, *compression.segment_by}
    fixed |= {item.name for _, columns in unique_keys(table) for item in columns}
    updated = next((item for item in table.columns if item.name not in fixed), None)
    if updated is None:
        return
    (moment,) = (item for item in table.columns if item.name == hypertable.time_column)
    name = connection.dialect.identifier_preparer.format_column(moment)
    # A constant: with a subquery the rows of all other chunks would be decompressed as well.
    # Not min(), which PostgreSQL has not for UUIDs before 18.
    oldest = connection.exec_driver_sql(
        f"SELECT pg_catalog.quote_literal({name}::text) FROM {chunk} ORDER BY {name} LIMIT 1"
    ).scalar()
    if oldest is None:
        # A trigger may keep rows out of a chunk that was made for them.
        return
    update = (
        table.update()
        .where(
            column("tableoid") == literal_column(f"'{chunk}'::regclass"),
            moment == literal_column(oldest),
        )
        .values({updated: updated})
    )
    try:
        with connection.begin_nested():
            connection.execute(update)
    except DBAPIError as error:
        if state_of(error) != _RAISED:
            raise
