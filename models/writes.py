"""The write path: repeating a write changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Connection, text
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

#: SQLSTATE deadlock_detected, and the number of attempts before the error reaches the caller.
_DEADLOCK = "40P01"
#: Seconds before the second attempt; each further pause is twice as long.
_PAUSE = 0.02
_SLEEP = text("SELECT pg_catalog.pg_sleep(:seconds)")
_CALLS = 5


@dataclass(frozen=True)
class Written:
    """What became of the rows of one call.

    Attributes:
        given: the number of rows; the sum of the next three.
        inserted: rows that are new in the table.
        updated: existing rows of which a given column differed.
        already_there: rows that needed no write. For `upsert` the row existed with the same values,
            for `insert_new` with any values; or the batch contains its key more than once.
        retried: how often the call was rolled back and repeated because of a deadlock.
    """

    given: int
    inserted: int
    updated: int
    already_there: int
    retried: int = 0


def insert_new(connection: Connection, model: type[Base], rows: Iterable[Row]) -> Written:
    """Insert the rows whose natural key is new; leave existing rows as they are.

    If several rows have the same key, the first one counts. A row contains its whole natural key
    and all required columns. A column that is left out gets the server's default. Rows may contain
    different columns. A row that exists already does not decompress a compressed chunk.

    The call runs in the connection's transaction, behind a savepoint, and commits nothing. After an
    error the savepoint is rolled back, and the transaction can continue. All rows are fetched and
    checked before the first one is written, so that no row is locked while a source is slow. Rows
    are written in batches of 5,000. Checked rows beyond 16 MiB wait in a temporary file.

    Sessions that write the same keys wait for each other's transactions. Each batch is written in
    the order of the keys, so that deadlocks are rare. Two sessions that create chunks can still
    deadlock: PostgreSQL then ends one statement, and this call is rolled back and repeated. A
    repetition helps if the transaction contains one call. Earlier calls keep their locks, and then
    the error may remain.

    Raises:
        TypeError: the connection is not SQLAlchemy's, or the model is not a mapped class.
        RowError: a row is wrong: an unknown column, a missing column, or a value that the column
            cannot hold. The error names the first wrong row and its column.
        sqlalchemy.exc.IntegrityError: the database refuses a row: a foreign key without its parent,
            a value outside a CHECK.
        sqlalchemy.exc.OperationalError: the fifth attempt ends in a deadlock, too.
        sqlalchemy.exc.InternalError: the connection is in AUTOCOMMIT and has no transaction.
    """
    return _write(connection, model, rows, Action.KEEP)


def upsert(connection: Connection, model: type[Base], rows: Iterable[Row]) -> Written:
    """Insert the rows whose natural key is new; update existing rows that differ.

    The result is the same as if the rows were written one after the other: if several rows have
    the same key, the last one counts. Columns that a row leaves out keep their values. A row that
    exists with the same values is not written, and does not decompress a compressed chunk. A row
    that differs decompresses its batch of the chunk. Values are compared as PostgreSQL compares
    them: NaN equals itself, -0.0 equals 0.0, JSON is compared as jsonb.

    If a key occurs twice in a batch of 5,000, its row is written once. If a key occurs in two
    batches, its row counts as inserted and then as updated.

    Transaction, memory and errors are the same as for `insert_new`.
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
                # At once, the call would often lock its first row before the other session does,
                # and lose again. The server waits, so that an event loop does not.
                connection.execute(_SLEEP, {"seconds": _PAUSE * 2**retried})
    raise AssertionError("unreachable: the last call returns or raises")


def _must_be_usable(connection: object, model: object) -> None:
    if not isinstance(connection, Connection):
        raise TypeError(
            f"{type(connection).__name__} is not a Connection; give connection() of a Session, "
            "begin() of an Engine, or call this by run_sync() of an AsyncConnection"
        )
    if not hasattr(model, "__table__"):
        raise TypeError(f"{model!r} is not a model: give the mapped class")


def _write_once(
    connection: Connection,
    target: Target,
    action: Action,
    prepared: Iterable[Batch],
    extent: Extent,
) -> Written:
    """Write all batches or none: an error rolls back the rows and releases their locks."""
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
