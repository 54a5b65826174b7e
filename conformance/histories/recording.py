"""Record the executed SQL, with its values, by the steps of a history."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, CursorResult, Engine

#: SQLAlchemy's own statements for savepoints.
_SAVEPOINTS = ("SAVEPOINT ", "RELEASE SAVEPOINT ", "ROLLBACK TO SAVEPOINT ")


@dataclass
class Step:
    """One step of a history.

    Attributes:
        title: a few words that say what the step does.
        statements: the statements that were sent to the server.
        ending: `COMMIT` or `ROLLBACK` if they were one transaction; None if each was its own.
    """

    title: str
    statements: list[str] = field(default_factory=list)
    ending: str | None = None


class Recorder:
    """Records the statements of an engine while a step is open."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._open: Step | None = None

    def listen(self, engine: Engine) -> None:
        """Register for every statement of the engine's connections."""
        event.listen(engine, "before_cursor_execute", self._record)

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Open a step, which records all statements until its end."""
        step = self._open = Step(title)
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
            # psycopg2 inserts the values as it does for an execution.
            self._open.statements.append(cursor.mogrify(statement, given or None).decode())


def execute_raw(connection: Connection, statement: str) -> CursorResult[Any]:
    """Execute SQL that contains its values; a percent sign does not mark a parameter.

    Raises:
        sqlalchemy.exc.DBAPIError: the server rejects the statement.
    """
    # With an empty collection of parameters psycopg2 would still interpret percent signs.
    return connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
