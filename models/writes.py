"""The write path: rows into a table such that writing them again changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from models.row_batches import RowError, batches, natural_key, parts, pieces, target_of
from models.spooling import Spool
from models.write_statements import Action, Extent, looks_first, parameters, statement

if TYPE_CHECKING:
    from sqlalchemy import Table

    from models.base import Base
    from models.row_batches import Key, Target

    #: The statements of a batch of rows: columns and parameters of each.
    Batch = list[tuple[Key, dict[str, str]]]

__all__ = ["RowError", "Written", "insert_new", "natural_key", "upsert"]

Row = Mapping[str, Any]

#: SQLSTATE deadlock_detected, and how often a call is made before its caller hears of one.
_DEADLOCK = "40P01"
_CALLS = 5


@dataclass(frozen=True)
class Written:
    """What became of the rows given to one call.

    Attributes:
        given: how many there were; the sum of the next three.
        inserted: new in the table.
        updated: there before, and different in a column given.
        already_there: nothing to do: there before as given (or, for `insert_new`, at all), or
            given more than once in a batch.
        retried: how often the call was taken back and made again, because it and another session
            waited for each other.
    """

    given: int
    inserted: int
    updated: int
    already_there: int
    retried: int = 0


def insert_new(connection: Connection, model: type[Base], rows: Iterable[Row]) -> Written:
    """Insert the rows whose natural key is not there yet; leave the others as they are.

    Of rows with the same key, the first one counts. A row gives its whole natural key and all
    that the table requires; what it leaves out gets the server's default. Rows need not all give
    the same columns. A row that is there already does not make a compressed chunk decompress.

    Everything happens in the connection's transaction, behind a savepoint: after an error nothing
    of the call is left behind, and the transaction can go on. Nothing is committed. All rows are
    fetched and checked before the first one is written, so that no row is locked while a source
    is slow. They are held and sent 5,000 at a time: what is checked waits in a temporary file, as
    far as it is more than 16 MiB.

    Sessions that write the same keys wait for each other's transactions. Each batch is written in
    the order of the keys, so that they seldom wait for each other in a circle. Where they do, as
    when both make new chunks, PostgreSQL ends one of them with a deadlock: the call is then taken
    back and made again. That helps as long as each session makes one call in a transaction; the
    locks of earlier calls stay, and then the error may remain.

    Raises:
        TypeError: the connection is none of SQLAlchemy's, or the model is no mapped class.
        RowError: a row is wrong: an unknown column, one that is missing, or a value that the
            column cannot hold. The error names the first such row and its column.
        sqlalchemy.exc.IntegrityError: what only the database can tell: a foreign key without its
            row, a number outside a CHECK.
        sqlalchemy.exc.OperationalError: a deadlock that stays after the call was made five times.
        sqlalchemy.exc.InternalError: the connection is in AUTOCOMMIT: there is no transaction.
    """
    return _write(connection, model, rows, Action.KEEP)


def upsert(connection: Connection, model: type[Base], rows: Iterable[Row]) -> Written:
    """Insert the rows whose natural key is not there yet; update the others where they differ.

    The outcome is as if the rows were written one after the other: of rows with the same key, the
    last one counts. Columns that a row leaves out keep what they hold. A row that is there as it
    is given is not written, and in a compressed chunk not even decompressed; one that differs
    makes its batch of the chunk decompress. Values differ as PostgreSQL compares them: NaN equals
    itself, -0.0 equals 0.0, JSON is compared as jsonb.

    A key given twice is updated once where both rows are in the same batch of 5,000, and counts
    as inserted, then updated where they are not.

    Transaction, memory and errors are those of `insert_new`.
    """
    return _write(connection, model, rows, Action.UPDATE)


def _write(
    connection: Connection, model: type[Base], rows: Iterable[Row], action: Action
) -> Written:
    _must_be_usable(connection, model)
    target = target_of(cast("Table", model.__table__))
    extent = Extent()
    with Spool(_prepared(target, rows, action, extent)) as prepared:
        for retried in range(_CALLS):
            try:
                written = _write_once(connection, target, action, prepared, extent)
                return replace(written, retried=retried)
            except DBAPIError as error:
                code = getattr(error.orig, "pgcode", None)
                if code != _DEADLOCK or retried == _CALLS - 1:
                    raise
    raise AssertionError("unreachable: the last call returns or raises")


def _must_be_usable(connection: object, model: object) -> None:
    if not isinstance(connection, Connection):
        raise TypeError(
            f"{type(connection).__name__} is no Connection; of a Session give its connection(), "
            "of an Engine its begin(), and to an AsyncConnection's run_sync() the function"
        )
    if not hasattr(model, "__table__"):
        raise TypeError(f"{model!r} is no model: give the mapped class")


def _write_once(
    connection: Connection,
    target: Target,
    action: Action,
    prepared: Iterable[Batch],
    extent: Extent,
) -> Written:
    """All or nothing: an error takes back what was written, and the locks that it took."""
    inserted = updated = 0
    with connection.begin_nested():
        look_first = looks_first(connection, target, extent)
        for batch in prepared:
            for columns, values in batch:
                query = statement(target.table, action, columns, look_first=look_first)
                new, changed = connection.execute(query, values).one()
                inserted += new
                updated += changed
    return Written(extent.rows, inserted, updated, extent.rows - inserted - updated)


def _prepared(
    target: Target, rows: Iterable[Row], action: Action, extent: Extent
) -> Iterator[Batch]:
    for before, batch in batches(rows):
        found = parts(target, before, batch, last_wins=action is Action.UPDATE)
        found.sort(key=attrgetter("columns"))
        writes = [
            (part.columns, parameters(target, elements))
            for part in found
            for elements in pieces(part)
        ]
        extent.include(len(batch), (values for _, values in writes))
        yield writes
