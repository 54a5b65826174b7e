"""Prepared statements, executed until PostgreSQL uses a generic plan.

PostgreSQL does so from the sixth execution on, if that plan is not more expensive (PostgreSQL
documentation, "PREPARE").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, column, text

from conformance.expected.spelling import dialect
from conformance.histories.twin import name, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Column, Connection, TableClause, TextClause

    from conformance.strategies import Row

#: The number of executions after which a generic plan has been used, if it ever is.
EXECUTIONS = 7


class PreparedInsert:
    """`INSERT ... ON CONFLICT DO NOTHING`, prepared when a session first uses it."""

    def __init__(
        self,
        statement: str,
        target: TableClause,
        columns: Sequence[Column[Any]],
        key: Sequence[str],
    ) -> None:
        self._name = statement
        self._columns = columns
        listed = ", ".join(quoted(column.name) for column in columns)
        types = ", ".join(column.type.compile(dialect()) for column in columns)
        places = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
        conflict = ", ".join(quoted(item) for item in key)
        self._prepare = (
            f"PREPARE {statement} ({types}) AS INSERT INTO {name(target)} ({listed})"
            f" VALUES ({places}) ON CONFLICT ({conflict}) DO NOTHING"
        )
        self._session: Connection | None = None

    def execute(self, session: Connection, rows: Sequence[Row]) -> None:
        """Execute the statement for each row."""
        if self._session is not session:
            session.exec_driver_sql(self._prepare)
            self._session = session
        for row in rows:
            session.execute(self._execution(row))

    def _execution(self, row: Row) -> TextClause:
        # NULL is part of the SQL: as a bound value of a JSON type it would become `null`.
        given = {
            f"p{number}": (column, row[column.key])
            for number, column in enumerate(self._columns)
            if row[column.key] is not None
        }
        places = ", ".join(
            f":p{number}" if f"p{number}" in given else "NULL"
            for number in range(len(self._columns))
        )
        return text(f"EXECUTE {self._name} ({places})").bindparams(
            *(bindparam(key, value, type_=column.type) for key, (column, value) in given.items())
        )


class PreparedLatest:
    """A prepared query for the latest times of a table: `ORDER BY time DESC LIMIT $1`."""

    def __init__(self, statement: str, source: TableClause, time: Column[Any]) -> None:
        self._name = statement
        self._time = column(time.name, time.type)
        self._prepare = (
            f"PREPARE {statement} (bigint) AS SELECT {quoted(time.name)} FROM {name(source)}"
            f" ORDER BY {quoted(time.name)} DESC LIMIT $1"
        )
        self._session: Connection | None = None

    def execute(self, session: Connection, limit: int) -> list[Any]:
        """Read the times, the latest first."""
        if self._session is not session:
            session.exec_driver_sql(self._prepare)
            self._session = session
        execution = text(f"EXECUTE {self._name} ({limit})").columns(self._time)
        return list(session.scalars(execution))
