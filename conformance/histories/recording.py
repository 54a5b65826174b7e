"""What was executed, as SQL with its values in it, in the steps of a history."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, CursorResult, Engine

#: SQLAlchemy's own words around a part of a transaction that may fail.
_SAVEPOINTS = ("SAVEPOINT ", "RELEASE SAVEPOINT ", "ROLLBACK TO SAVEPOINT ")


@dataclass
class Step:
    """One step of a history.

    Attributes:
        words: what it does, for people.
        statements: what was sent to the server.
        ending: `COMMIT` or `ROLLBACK` where they were one transaction; None where each was its own.
    """

    words: str
    statements: list[str] = field(default_factory=list)
    ending: str | None = None


class Recorder:
    """Writes down the statements of an engine while a step is open."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._open: Step | None = None

    def listen(self, engine: Engine) -> None:
        """Hear of every statement of the engine's connections."""
        event.listen(engine, "before_cursor_execute", self._record)

    @contextmanager
    def step(self, words: str) -> Iterator[Step]:
        """A step: all that is executed until its end belongs to it."""
        step = self._open = Step(words)
        self.steps.append(step)
        try:
            yield step
        finally:
            self._open = None

    def _record(
        self,
        _connection: Any,
        cursor: Any,
        statement: str,
        parameters: Any,
        _context: Any,
        executemany: bool,
    ) -> None:
        if self._open is None or statement.startswith(_SAVEPOINTS):
            return
        for given in parameters if executemany else [parameters]:
            # psycopg2 puts the values in as it does when it executes.
            self._open.statements.append(cursor.mogrify(statement, given or None).decode())


def execute_as_it_is(connection: Connection, statement: str) -> CursorResult[Any]:
    """Execute SQL that holds its values: a percent sign in it stands for no parameter.

    Raises:
        sqlalchemy.exc.DBAPIError: the server refuses it.
    """
    # With a collection of no parameters psycopg2 would still look for their places.
    return connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
