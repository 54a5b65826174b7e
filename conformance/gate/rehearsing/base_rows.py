"""Rows for the tables of the base."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from conformance.declarations import sorted_tables
from conformance.observed import Scope
from conformance.population.filling import fill_table
from conformance.population.reflection import reflect, schemas_of
from conformance.population.sequences_behind import lagging_sequences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Table

#: Errors that leave a table empty: no rows can be derived, or the database rejects them.
_NO_ROWS = (DBAPIError, ValueError, NotImplementedError)
#: A sequence that has no more values than this after the rows stays behind them: a revision that
#: inserts rows would come to its end.
_ROOM = 10_000


def fill(connection: Connection, *, compress: bool, own: str = Scope.version_table) -> None:
    """Fill every table whose rows can be derived from the catalog.

    Rows with numbers of their own advance the sequences, as if they had them from there. A sequence
    that the migrations left behind stays behind.

    Args:
        own: Alembic's version table, which is not changed.
    """
    scope = _scope(connection, own)
    lagging = lagging_sequences(connection, scope)
    for table in tables_of_base(connection, own):
        try:
            with connection.begin_nested():
                fill_table(connection, table, compress=compress)
        # The gate reports the tables that stay empty, with the reason.
        except _NO_ROWS:
            if connection.invalidated:
                raise
    connection.commit()
    for name, sequence in lagging_sequences(connection, scope).items():
        if name not in lagging and sequence.room >= _ROOM:
            connection.exec_driver_sql(sequence.advance, execution_options={"no_parameters": True})
    connection.commit()


def tables_of_base(connection: Connection, version_table: str) -> Sequence[Table]:
    """All tables but Alembic's, parents before children."""
    return sorted_tables(reflect(connection, _scope(connection, version_table)))


def _scope(connection: Connection, version_table: str) -> Scope:
    return Scope(schemas_of(connection), version_table=version_table)
