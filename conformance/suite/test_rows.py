"""Properties of writing rows, checked with generated rows in chunks of every state."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from functools import cache, partial
from itertools import product
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

import pytest
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from sqlalchemy import create_engine, func, insert, pool, select, text
from sqlalchemy.exc import DBAPIError

from conformance.checking import outcomes
from conformance.checking.profiles import generation_of
from conformance.checking.session import metadata_of
from conformance.comparing.tokens import quoted_table
from conformance.expected import spelling
from conformance.observed.home import function
from conformance.population.given import answers, given
from conformance.population.thinness import why_not_derived, why_not_generated
from conformance.strategies import (
    batches,
    checks_of,
    columns_of,
    narrowly_refused_by,
    natural_key,
    precarious_values,
    refused_by,
    rows,
)
from conformance.strategies.batches import changed, many
from conformance.strategies.drawing import draw
from conformance.suite.row_world import (
    Ledger,
    as_stored,
    contents,
    hypertables_of,
    remove_same_keys,
    rows_finding,
)
from conformance.suite.trials import Trial, apart, pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hypothesis.strategies import SearchStrategy
    from sqlalchemy import URL, Column, Connection, MetaData, Table, TableClause

    from conformance.checking.outcomes import Record
    from conformance.strategies import Row
    from conformance.suite.row_world import Writes

    #: Returns the rows of a table before each example.
    Before = Callable[[Table], Counter[tuple[Any, ...]]]
    #: A property of a batch of rows, on a connection whose changes are rolled back.
    Property = Callable[[Connection, list[dict[str, Any]]], None]

    class Examples(Protocol):
        """Checks a property of the batches that a strategy draws."""

        def __call__(
            self, strategy: SearchStrategy[Any], property_: Property, *, at_most: int | None = None
        ) -> None:
            """Check it of at most so many; by default as many as the profile says."""


#: How many rows with precarious values are written in one call.
ROWS_AT_ONCE = 25

#: More rows than most write paths send at once, and no round number; the rows that lend the values.
ROWS_OF_A_LONG_CALL, DRAWN_FOR_IT = 5_003, 120
#: How many of them the second call changes, the last ones.
CHANGED_ROWS = 100

#: SQLSTATEs.
UNIQUE_VIOLATION, CHECK_VIOLATION, OUT_OF_RANGE = "23505", "23514", "22003"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every hypertable of `--models`."""
    if "hypertable" in metafunc.fixturenames:
        tables = hypertables_of(metadata_of(metafunc.config))
        if metafunc.function is test_foreign_keys_refuse:
            tables = [table for table in tables if table.foreign_keys]
        if metafunc.function is test_checks_refuse:
            tables = [table for table in tables if checks_of(table)]
        if metafunc.function is test_primary_keys_are_unique_across_chunks:
            tables = [table for table in tables if _generated_keys(table)]
        is_quick = generation_of(metafunc.config).profile == "quick"
        if metafunc.function is test_a_long_call_writes_every_row and is_quick:
            # It takes seconds, and the same functions write to all tables.
            tables = tables[:1]
        metafunc.parametrize("hypertable", tables, ids=[table.fullname for table in tables])


@pytest.fixture(scope="module")
def populated(populated_database: URL) -> Iterator[Connection]:
    """A connection to a database with chunks of every state."""
    with create_engine(populated_database, poolclass=pool.NullPool).connect() as connection:
        yield connection


@pytest.fixture(scope="module")
def before(populated: Connection) -> Callable[[Table], Counter[tuple[Any, ...]]]:
    """The rows of a table before each example; read once, since examples are rolled back."""
    return cache(partial(contents, populated))


@pytest.fixture
def examples(populated: Connection, request: pytest.FixtureRequest, record: Record) -> Examples:
    """A function that checks a property of examples; each example is rolled back."""
    checked = request.node.originalname.removeprefix("test_")
    subject = request.node.callspec.id if hasattr(request.node, "callspec") else "every table"
    generation = generation_of(request.config)

    def try_all(
        strategy: SearchStrategy[Any], property_: Property, *, at_most: int | None = None
    ) -> None:
        name, bound = f"{subject}:{checked}", partial(property_, populated)
        trial = Trial(generation, name, strategy, bound, at_most=at_most)
        try:
            trial.run(undo=populated.rollback)
        except Unsatisfiable as error:
            outcomes.skip_not_checked(record, f"cannot generate rows: {error}")
        except Exception as error:
            outcomes.fail(record, rows_finding(subject, checked, trial.last, error))
        finally:
            record(outcomes.TRIED, {"rows": trial.rows, "examples": trial.examples})

    return try_all


@pytest.fixture(scope="module")
def batches_of(populated: Connection) -> Callable[[Table], SearchStrategy[list[Row]]]:
    """The batches of rows of a table, for all properties."""

    @cache
    def of(table: Table) -> SearchStrategy[list[Row]]:
        known = given(populated, table)
        populated.rollback()
        return batches(table, **known, complete=True, nulls_for_unknown=True)

    return of


@pytest.fixture
def holds(
    populated: Connection,
    hypertable: Table,
    batches_of: Callable[[Table], SearchStrategy[list[Row]]],
    examples: Examples,
    record: Record,
) -> Callable[[Property], None]:
    """A function that checks a property of batches of rows of the hypertable."""
    try:
        strategy = batches_of(hypertable)
    except ValueError as error:
        outcomes.skip_not_checked(record, why_not_generated(populated, hypertable, error))
    return partial(examples, strategy)


def _refusal(connection: Connection, write: Callable[[], object]) -> str | None:
    """The SQLSTATE with which the server refuses a write; None if it does not."""
    try:
        with connection.begin_nested():
            write()
    except DBAPIError as error:
        return str(getattr(error.orig, "pgcode", ""))
    return None


def _insertion(connection: Connection, into: TableClause | Table, row: Row) -> Callable[[], object]:
    return partial(connection.execute, insert(into).values(row))


def test_insert_new_keeps_the_first(
    hypertable: Table, writes: Writes, holds: Callable[[Property], None], before: Before
) -> None:
    """insert_new keeps the first row of each key; writing again, in pieces, changes nothing."""

    def keeps_the_first(connection: Connection, batch: list[dict[str, Any]]) -> None:
        ledger = Ledger(hypertable, before(hypertable))
        new = ledger.insert_new(batch)
        counted = writes.insert_new(connection, hypertable, batch).inserted
        assert counted == new, f"insert_new reports {counted} new rows; {new} rows are new"
        ledger.must_match(connection)
        for piece in pieces(batch[::-1]):
            again = writes.insert_new(connection, hypertable, piece).inserted
            assert again == 0, "an existing row was inserted again"
        ledger.must_match(connection)

    holds(keeps_the_first)


def test_upsert_keeps_the_last(
    hypertable: Table, writes: Writes, holds: Callable[[Property], None], before: Before
) -> None:
    """Upsert keeps the last row of each key; writing the same rows again updates nothing."""

    def keeps_the_last(connection: Connection, batch: list[dict[str, Any]]) -> None:
        ledger = Ledger(hypertable, before(hypertable))
        ledger.upsert(batch)
        writes.upsert(connection, hypertable, batch)
        ledger.must_match(connection)
        again = writes.upsert(connection, hypertable, batch)
        assert again.inserted == 0, "an existing row was inserted again"
        assert again.updated == 0, "an equal row was updated"
        ledger.must_match(connection)

    holds(keeps_the_last)


def test_precarious_values_are_kept(
    populated: Connection, hypertable: Table, writes: Writes, before: Before, record: Record
) -> None:
    """Values that are easily lost are stored unchanged, in each column that can hold them.

    The other properties draw such values rarely, and a short run draws few of them.
    """
    drawn = _drawn(populated, hypertable, ROWS_AT_ONCE, record)

    def failure(*sent: Row) -> Exception | None:
        ledger = Ledger(hypertable, before(hypertable))
        ledger.upsert(sent)

        def attempt() -> None:
            writes.upsert(populated, hypertable, sent)
            ledger.must_match(populated)

        return _failure(populated, attempt)

    tried = precarious_values(hypertable)
    record(outcomes.TRIED, {"rows": len(tried)})
    for group in apart(hypertable, tried, drawn):
        if failure(*(row for _, row in group)) is None:
            continue
        for values, row in group:
            if failure(row) is not None:
                alone = [{**drawn[0], key: value} for key, value in values.items()]
                smallest = next(filter(failure, [*alone, {**drawn[0], **values}]), row)
                _fail_over_value(record, hypertable, smallest, failure(smallest))
        together = [row for _, row in group]
        _fail_over_value(record, hypertable, together[0], failure(*together))


def _fail_over_value(record: Record, table: Table, row: Row, found: Exception | None) -> NoReturn:
    error = found or AssertionError("the row was lost once, and stored when it was written again")
    outcomes.fail(record, rows_finding(table.fullname, "precarious_values_are_kept", [row], error))


def test_a_long_call_writes_every_row(
    populated: Connection, hypertable: Table, writes: Writes, before: Before, record: Record
) -> None:
    """A call with thousands of rows writes each; a second call changes the rows that differ."""
    drawn = _drawn(populated, hypertable, DRAWN_FOR_IT, record)
    sent = many(hypertable, drawn, ROWS_OF_A_LONG_CALL)
    record(outcomes.TRIED, {"rows": len(sent)})

    def failure(count: int) -> Exception | None:
        ledger = Ledger(hypertable, before(hypertable))
        new = ledger.insert_new(sent[:count])
        known = Counter(ledger.rows.values())
        ledger.upsert(again := changed(hypertable, sent[:count], CHANGED_ROWS))
        differ = (Counter(ledger.rows.values()) - known).total()

        def attempt() -> None:
            _decompress(populated, hypertable)
            counted = writes.insert_new(populated, hypertable, sent[:count]).inserted
            assert counted == new, f"insert_new reports {counted} new rows; {new} rows are new"
            written = writes.upsert(populated, hypertable, again)
            assert written.inserted == 0, f"{written.inserted} existing rows were inserted again"
            # A write path need not count the rows that it changes, which the contents show.
            assert written.updated <= differ, (
                f"{written.updated} rows were updated, {differ} differ"
            )
            ledger.must_match(populated)

        return _failure(populated, attempt)

    if (error := failure(len(sent))) is None:
        return
    holds, fails = 0, len(sent)
    while fails - holds > 1:
        middle = (holds + fails) // 2
        if (found := failure(middle)) is None:
            holds = middle
        else:
            fails, error = middle, found
    finding = rows_finding(hypertable.fullname, "a_long_call_writes_every_row", sent[:1], error)
    many_rows = f"{fails:,} rows"
    fewer = f"a call with {holds:,} rows does not"
    message = f"rows of {hypertable.fullname}: a call with {many_rows} fails, {fewer}"
    outcomes.fail(record, replace(finding, message=message, observed=many_rows))


def _drawn(connection: Connection, table: Table, count: int, record: Record) -> list[Row]:
    """Rows with all columns of a table with a natural key; else the test is not made."""
    try:
        natural_key(table)
        known = given(connection, table)
        strategy = rows(table, **known, complete=True, nulls_for_unknown=True)
    except ValueError as error:
        outcomes.skip_not_checked(record, why_not_generated(connection, table, error))
    finally:
        connection.rollback()
    return draw(strategy, count)


def _failure(connection: Connection, attempt: Callable[[], None]) -> Exception | None:
    """What the attempt raises; nothing that it writes stays."""
    try:
        attempt()
    except Exception as error:
        return error
    finally:
        connection.rollback()
    return None


def _decompress(connection: Connection, table: Table) -> None:
    """Decompress the chunks: a write path may look for equal rows in compressed ones alone."""
    chunk = "CAST(format('%I.%I', chunk_schema, chunk_name) AS regclass)"
    hypertable = "CAST(format('%I.%I', hypertable_schema, hypertable_name) AS regclass)"
    connection.execute(
        text(
            f"SELECT {function(connection, 'decompress_chunk')}({chunk})"
            " FROM timescaledb_information.chunks"
            f" WHERE is_compressed AND {hypertable} = CAST(:table AS regclass)"
        ),
        {"table": quoted_table(table)},
    )


def test_order_and_pieces_do_not_matter(
    hypertable: Table, writes: Writes, holds: Callable[[Property], None], before: Before
) -> None:
    """Upsert in one call or in several calls leaves the same rows."""

    def same_in_pieces(connection: Connection, batch: list[dict[str, Any]]) -> None:
        ledger = Ledger(hypertable, before(hypertable))
        ledger.upsert(batch)
        for piece in pieces(batch):
            writes.upsert(connection, hypertable, piece)
        ledger.must_match(connection)

    holds(same_in_pieces)


def test_a_second_row_of_a_key_is_refused(
    hypertable: Table, writes: Writes, holds: Callable[[Property], None]
) -> None:
    """The database itself refuses a second row of a natural key, also in compressed chunks."""
    key = natural_key(hypertable)

    def refuses_the_second(connection: Connection, batch: list[dict[str, Any]]) -> None:
        writes.upsert(connection, hypertable, batch)
        written = contents(connection, hypertable)
        for row in batch:
            refused = _refusal(connection, _insertion(connection, hypertable, row))
            assert refused is not None, f"the database accepted a second row of the key {key}"
        assert contents(connection, hypertable) == written, "a refused row changed the table"

    holds(refuses_the_second)


def test_a_rejected_row_leaves_nothing_behind(
    hypertable: Table, writes: Writes, holds: Callable[[Property], None], before: Before
) -> None:
    """A call with one wrong row writes none of its rows, and the transaction can continue."""
    required = next(
        column.key
        for column in reversed(list(hypertable.columns))
        if not column.nullable and column.server_default is None and column.identity is None
    )

    def leaves_nothing(connection: Connection, batch: list[dict[str, Any]]) -> None:
        untouched = before(hypertable)
        for write in (writes.insert_new, writes.upsert):
            wrong = [*batch, {**batch[-1], required: None}]
            # Without a savepoint here: the call itself must leave no rows.
            with suppress(ValueError, DBAPIError):
                write(connection, hypertable, wrong)
                raise AssertionError(f"a row with NULL in {required} was accepted")
            assert contents(connection, hypertable) == untouched, "a refused call left rows"

    holds(leaves_nothing)


def test_foreign_keys_refuse(
    hypertable: Table, writes: Writes, holds: Callable[[Property], None], before: Before
) -> None:
    """A row without its parent row is refused, in chunks of every state."""
    columns = sorted(key.parent.key for key in hypertable.foreign_keys)

    def refuses(connection: Connection, batch: list[dict[str, Any]]) -> None:
        untouched = before(hypertable)
        for column, row in product(columns, batch[::3]):
            wrong = [{**row, column: 2**31 - 1}]
            refused = _refusal(connection, partial(writes.upsert, connection, hypertable, wrong))
            assert refused, f"a row whose {column} has no parent row was accepted"
        assert contents(connection, hypertable) == untouched, "a refused row changed the table"

    holds(refuses)


def test_checks_refuse(
    populated: Connection,
    hypertable: Table,
    examples: Examples,
    record: Record,
) -> None:
    """A row that only violates a CHECK is refused, in chunks of every state."""
    answered = answers(populated, hypertable)
    settings = {**given(populated, hypertable, answered), "nulls_for_unknown": True}
    violating = {name: found for one in answered for name, found in one.violating.items()}
    populated.rollback()
    # The server computes generated columns before it looks at checks.
    computes = any(column.computed is not None for column in hypertable.columns)
    for check in checks_of(hypertable):
        name = spelling.final_name(check) or spelling.sql(check.sqltext)
        try:
            broken = refused_by(
                hypertable, check, violating=violating.get(str(name), ()), **settings
            )
            narrowly = narrowly_refused_by(hypertable, check, **settings)
        except ValueError as error:
            part = f"rows:{hypertable.fullname}:checks_refuse:{name}"
            outcomes.part_not_checked(record, part, why_not_derived(error))
            continue

        into = as_stored(hypertable, columns_of(check))

        def refuses(
            connection: Connection,
            batch: list[Row],
            into: TableClause = into,
            name: str = str(name),
        ) -> None:
            for row in batch:
                values = {hypertable.columns[key].name: value for key, value in row.items()}
                write = _insertion(connection, into, values)
                refused = _refusal(connection, write)
                if refused == UNIQUE_VIOLATION:
                    # TimescaleDB looks for the key in compressed rows before it looks at checks.
                    remove_same_keys(connection, hypertable, values)
                    refused = _refusal(connection, write)
                if refused == UNIQUE_VIOLATION or (computes and refused == OUT_OF_RANGE):
                    continue
                assert refused is not None, f"{name} does not refuse the row"
                assert refused == CHECK_VIOLATION, (
                    f"SQLSTATE {refused} refuses the row before {name} does"
                )

        for strategy in narrowly:
            # The value that matters does not vary, so the simplest row is enough.
            examples(strategy.map(lambda row: [row]), refuses, at_most=1)
        examples(broken.map(lambda row: [row]), refuses)


def _generated_keys(table: Table) -> list[Column[Any]]:
    return [column for column in table.primary_key.columns if column.identity is not None]


def test_primary_keys_are_unique_across_chunks(
    hypertable: Table, writes: Writes, holds: Callable[[Property], None]
) -> None:
    """A generated id is unique in the whole table, although each chunk has its own primary key."""
    column = _generated_keys(hypertable)[0]

    def unique(connection: Connection, batch: list[dict[str, Any]]) -> None:
        writes.insert_new(connection, hypertable, batch)
        total, distinct = connection.execute(
            select(func.count(column), func.count(column.distinct()))
        ).one()
        assert total == distinct, f"{total} rows share {distinct} ids"

    holds(unique)


def test_every_table_accepts_its_rows(
    populated: Connection,
    conformance_metadata: MetaData,
    examples: Examples,
    record: Record,
) -> None:
    """The database accepts all rows that the strategies generate: they are valid."""
    strategies, reason = [], "the models do not declare a hypertable"
    tables = {table.fullname: table for table in hypertables_of(conformance_metadata)}
    for name, table in tables.items():
        try:
            row = rows(table, **given(populated, table), nulls_for_unknown=True)
            # A finding prints the example: the name, not all that a table is.
            strategies.append(st.tuples(st.just(name), row))
        except ValueError as error:
            reason = why_not_generated(populated, table, error)
            part = f"rows:{name}:every_table_accepts_its_rows"
            outcomes.part_not_checked(record, part, reason)
    populated.rollback()
    if not strategies:
        outcomes.skip_not_checked(record, reason)

    def accepted(connection: Connection, batch: list[Any]) -> None:
        for name, row in batch:
            with connection.begin_nested() as savepoint:
                try:
                    connection.execute(insert(tables[name]).values(row))
                except DBAPIError as error:
                    # A valid row may have an existing key.
                    if getattr(error.orig, "pgcode", None) != UNIQUE_VIOLATION:
                        raise
                    savepoint.rollback()

    examples(st.lists(st.one_of(strategies), min_size=1, max_size=5), accepted)
