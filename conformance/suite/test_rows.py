"""What writing rows does: proven over generated rows, in chunks of every state."""

from __future__ import annotations

from contextlib import suppress
from functools import cache, partial
from itertools import product
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from sqlalchemy import create_engine, func, insert, pool, select
from sqlalchemy.exc import DBAPIError

from conformance.checking import outcomes
from conformance.checking.profiles import generation_of
from conformance.checking.session import metadata_of
from conformance.expected import spelling
from conformance.population.filling import draw, parents_of
from conformance.population.thinness import missing_parents
from conformance.strategies import (
    batches,
    checks_of,
    columns_of,
    natural_key,
    precarious_values,
    refused_by,
    rows,
)
from conformance.suite.row_world import (
    Ledger,
    as_stored,
    contents,
    hypertables_of,
    rows_finding,
)
from conformance.suite.trials import Trial, apart, pieces

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterator

    from hypothesis.strategies import SearchStrategy
    from sqlalchemy import URL, Column, Connection, MetaData, Table, TableClause

    from conformance.checking.outcomes import Record
    from conformance.strategies import Row
    from conformance.suite.row_world import Writes

    #: What a table holds before each example.
    Before = Callable[[Table], Counter[tuple[Any, ...]]]
    #: A property: a batch of rows, on a connection whose changes are rolled back.
    Property = Callable[[Connection, list[dict[str, Any]]], None]

#: How many rows with values that are easily lost are written in one call.
ROWS_AT_ONCE = 25

#: SQLSTATEs.
UNIQUE_VIOLATION, CHECK_VIOLATION = "23505", "23514"


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
        metafunc.parametrize("hypertable", tables, ids=[table.fullname for table in tables])


@pytest.fixture(scope="module")
def populated(populated_database: URL) -> Iterator[Connection]:
    """A connection to a database with chunks of every state."""
    with create_engine(populated_database, poolclass=pool.NullPool).connect() as connection:
        yield connection


@pytest.fixture(scope="module")
def before(populated: Connection) -> Callable[[Table], Counter[tuple[Any, ...]]]:
    """What a table holds before each example, which are all rolled back; read once."""
    return cache(partial(contents, populated))


@pytest.fixture
def examples(
    populated: Connection, request: pytest.FixtureRequest, record: Record
) -> Callable[[SearchStrategy[Any], Property], None]:
    """Try a property on what a strategy draws; each example leaves the database as it was."""
    checked = request.node.originalname.removeprefix("test_")
    subject = request.node.callspec.id if hasattr(request.node, "callspec") else "every table"
    generation = generation_of(request.config)

    def try_all(strategy: SearchStrategy[Any], property_: Property) -> None:
        trial = Trial(generation, f"{subject}:{checked}", strategy, partial(property_, populated))
        try:
            trial.run(undo=populated.rollback)
        except Unsatisfiable as error:
            outcomes.skip_not_checked(record, f"no rows could be generated: {error}")
        except Exception as error:
            outcomes.fail(record, rows_finding(subject, checked, trial.last, error))
        finally:
            record(outcomes.TRIED, {"rows": trial.rows, "examples": trial.examples})

    return try_all


@pytest.fixture
def holds(
    populated: Connection,
    hypertable: Table,
    examples: Callable[[SearchStrategy[Any], Property], None],
    record: Record,
) -> Callable[[Property], None]:
    """Try a property on batches of rows of the hypertable."""
    parents = parents_of(populated, hypertable)
    populated.rollback()
    try:
        strategy = batches(hypertable, parents=parents, complete=True, nulls_for_unknown=True)
    except ValueError as error:
        reason = missing_parents(populated, hypertable) or str(error)
        outcomes.skip_not_checked(record, f"no rows can be derived: {reason}")
    return partial(examples, strategy)


def _refusal(connection: Connection, write: Callable[[], object]) -> str | None:
    """The SQLSTATE that a write is refused with; None if it is not."""
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
    """Each key once, as it was first written; writing it again, in pieces, changes nothing."""

    def keeps_the_first(connection: Connection, batch: list[dict[str, Any]]) -> None:
        ledger = Ledger(hypertable, before(hypertable))
        new = ledger.insert_new(batch)
        counted = writes.insert_new(connection, hypertable, batch).inserted
        assert counted == new, f"insert_new says that {counted} rows are new; {new} are"
        ledger.must_match(connection)
        for piece in pieces(batch[::-1]):
            again = writes.insert_new(connection, hypertable, piece).inserted
            assert again == 0, "a row that was there was inserted again"
        ledger.must_match(connection)

    holds(keeps_the_first)


def test_upsert_keeps_the_last(
    hypertable: Table, writes: Writes, holds: Callable[[Property], None], before: Before
) -> None:
    """Each key once, as it was last written, value for value; the same again updates nothing."""

    def keeps_the_last(connection: Connection, batch: list[dict[str, Any]]) -> None:
        ledger = Ledger(hypertable, before(hypertable))
        ledger.upsert(batch)
        writes.upsert(connection, hypertable, batch)
        ledger.must_match(connection)
        again = writes.upsert(connection, hypertable, batch)
        assert again.inserted == 0, "a row that was there was inserted again"
        assert again.updated == 0, "a row that was there as it is was updated"
        ledger.must_match(connection)

    holds(keeps_the_last)


def test_precarious_values_are_kept(
    populated: Connection, hypertable: Table, writes: Writes, before: Before, record: Record
) -> None:
    """Each value that is easily lost is read back, from each column that can hold it.

    The other properties draw such values now and then, a short run few of them.
    """
    try:
        natural_key(hypertable)
        parents = parents_of(populated, hypertable)
        strategy = rows(hypertable, parents=parents, complete=True, nulls_for_unknown=True)
    except ValueError as error:
        reason = missing_parents(populated, hypertable) or str(error)
        outcomes.skip_not_checked(record, f"no rows can be derived: {reason}")
    drawn = draw(strategy, ROWS_AT_ONCE)

    def failure(*given: Row) -> Exception | None:
        ledger = Ledger(hypertable, before(hypertable))
        ledger.upsert(given)
        try:
            writes.upsert(populated, hypertable, given)
            ledger.must_match(populated)
        except Exception as error:
            return error
        finally:
            populated.rollback()
        return None

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
    error = found or AssertionError("it was not kept once, and was kept when it was tried again")
    outcomes.fail(record, rows_finding(table.fullname, "precarious_values_are_kept", [row], error))


def test_order_and_pieces_do_not_matter(
    hypertable: Table, writes: Writes, holds: Callable[[Property], None], before: Before
) -> None:
    """One call or several, upserted: what is there in the end is the same."""

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
    """The database itself holds the natural key, also in compressed chunks."""
    key = natural_key(hypertable)

    def refuses_the_second(connection: Connection, batch: list[dict[str, Any]]) -> None:
        writes.upsert(connection, hypertable, batch)
        written = contents(connection, hypertable)
        for row in batch:
            refused = _refusal(connection, _insertion(connection, hypertable, row))
            assert refused is not None, f"key {key} came twice"
        assert contents(connection, hypertable) == written, "a refused row left something"

    holds(refuses_the_second)


def test_a_rejected_row_leaves_nothing_behind(
    hypertable: Table, writes: Writes, holds: Callable[[Property], None], before: Before
) -> None:
    """A call with one wrong row writes none of its rows, and the transaction can go on."""
    required = next(
        column.key
        for column in reversed(list(hypertable.columns))
        if not column.nullable and column.server_default is None and column.identity is None
    )

    def leaves_nothing(connection: Connection, batch: list[dict[str, Any]]) -> None:
        for write in (writes.insert_new, writes.upsert):
            wrong = [*batch, {**batch[-1], required: None}]
            # In no savepoint of ours: the call itself must leave nothing.
            with suppress(ValueError, DBAPIError):
                write(connection, hypertable, wrong)
                raise AssertionError(f"{required} is NULL, and the row was taken")
            left = contents(connection, hypertable)
            assert left == before(hypertable), "a refused call left rows"

    holds(leaves_nothing)


def test_foreign_keys_refuse(
    hypertable: Table, writes: Writes, holds: Callable[[Property], None], before: Before
) -> None:
    """A row of a parent that is not there is refused, in chunks of every state."""
    columns = sorted(key.parent.key for key in hypertable.foreign_keys)

    def refuses(connection: Connection, batch: list[dict[str, Any]]) -> None:
        for column, row in product(columns, batch[::3]):
            wrong = [{**row, column: 2**31 - 1}]
            refused = _refusal(connection, partial(writes.upsert, connection, hypertable, wrong))
            assert refused, f"{column} names a row that is not there, and was taken"
        left = contents(connection, hypertable)
        assert left == before(hypertable), "a refused row left something"

    holds(refuses)


def test_checks_refuse(
    populated: Connection,
    hypertable: Table,
    examples: Callable[[SearchStrategy[Any], Property], None],
    record: Record,
) -> None:
    """A row that breaks a CHECK and nothing else is refused, in chunks of every state."""
    parents = parents_of(populated, hypertable)
    populated.rollback()
    for check in checks_of(hypertable):
        name = spelling.final_name(check) or spelling.sql(check.sqltext)
        try:
            broken = refused_by(hypertable, check, parents=parents, nulls_for_unknown=True)
        except ValueError as error:
            part = f"rows:{hypertable.fullname}:checks_refuse:{name}"
            outcomes.part_not_checked(record, part, f"no rows can be derived: {error}")
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
                refused = _refusal(connection, _insertion(connection, into, values))
                assert refused == CHECK_VIOLATION, f"{name} does not refuse it"

        examples(broken.map(lambda row: [row]), refuses)


def _generated_keys(table: Table) -> list[Column[Any]]:
    return [column for column in table.primary_key.columns if column.identity is not None]


def test_primary_keys_are_unique_across_chunks(
    hypertable: Table, writes: Writes, holds: Callable[[Property], None]
) -> None:
    """A generated id is given once, although each chunk holds its own primary key."""
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
    examples: Callable[[SearchStrategy[Any], Property], None],
    record: Record,
) -> None:
    """Rows are valid by construction: what the strategies draw, the database takes."""
    strategies, reason = [], "the models declare no hypertable"
    for table in hypertables_of(conformance_metadata):
        try:
            row = rows(table, parents=parents_of(populated, table), nulls_for_unknown=True)
            strategies.append(st.tuples(st.just(table), row))
        except ValueError as error:
            reason = f"no rows can be derived: {missing_parents(populated, table) or error}"
            part = f"rows:{table.fullname}:every_table_accepts_its_rows"
            outcomes.part_not_checked(record, part, reason)
    populated.rollback()
    if not strategies:
        outcomes.skip_not_checked(record, reason)

    def accepted(connection: Connection, batch: list[Any]) -> None:
        for table, row in batch:
            with connection.begin_nested() as savepoint:
                try:
                    connection.execute(insert(table).values(row))
                except DBAPIError as error:
                    # Only a key that is there already is no fault of the row.
                    if getattr(error.orig, "pgcode", None) != UNIQUE_VIOLATION:
                        raise
                    savepoint.rollback()

    examples(st.lists(st.one_of(strategies), min_size=1, max_size=5), accepted)
