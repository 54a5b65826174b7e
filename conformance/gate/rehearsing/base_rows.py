"""Rows for the tables of the base."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from conformance.observed import Scope
from conformance.population.filling import fill_table
from conformance.population.reflection import reflect, schemas_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Table

#: Errors that leave a table empty: no rows can be derived, or the database rejects them.
_NO_ROWS = (DBAPIError, ValueError, NotImplementedError)


def fill(connection: Connection, *, compress: bool, own: str = Scope.version_table) -> None:
    """Fill every table whose rows can be derived from the catalog.

    Args:
        own: Alembic's version table, which is not changed.
    """
    for table in tables_of_base(connection, own):
        try:
            with connection.begin_nested():
                fill_table(connection, table, compress=compress)
        # The gate reports the tables that stay empty, with the reason.
        except _NO_ROWS:
            if connection.invalidated:
                raise
    connection.commit()


def tables_of_base(connection: Connection, version_table: str) -> Sequence[Table]:
    """All tables but Alembic's, parents before children."""
    scope = Scope(schemas_of(connection), version_table=version_table)
    return reflect(connection, scope).sorted_tables
