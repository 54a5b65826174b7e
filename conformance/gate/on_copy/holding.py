"""Hold everything that a migration does in one transaction, which is rolled back.

A commit of psycopg2's connection is not sent: deferred constraints are checked, as a commit checks
them, and the transaction goes on. What can run only outside of a transaction is refused before it
is sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg2.extensions import (
    ISOLATION_LEVEL_AUTOCOMMIT,
    TRANSACTION_STATUS_IDLE,
    TRANSACTION_STATUS_INERROR,
)
from psycopg2.extensions import connection as psycopg2_connection
from psycopg2.extensions import cursor as psycopg2_cursor

from conformance.errors import ConformanceError
from conformance.gate.on_copy.transactions import ends_transaction
from conformance.gate.rules.sentences import shortened

if TYPE_CHECKING:
    from collections.abc import Callable

_LEAVES = "it leaves its transaction (autocommit)"


class CannotHold(ConformanceError):
    """The migration cannot be rolled back; what ran of it was rolled back."""


class Holding:
    """The transaction of one run.

    Attributes:
        commits: how many commits the migration asked for.
        refused: why the migration cannot be held; None as long as it can. The migration may have
            swallowed the error.
    """

    def __init__(self) -> None:
        self.commits = 0
        self.refused: CannotHold | None = None
        self._kept_by: Any = None
        #: psycopg2's `connection_factory` of connections that do not commit.
        self.factory: type[Any] = type("HeldConnection", (_HeldConnection,), {"holding": self})

    def refuse(self, reason: str) -> CannotHold:
        """The error with the reason, which is remembered."""
        self.refused = CannotHold(f"The upgrade cannot be rolled back: {reason}.")
        return self.refused

    def check(self, statement: str) -> None:
        """Check a statement before it is sent.

        Raises:
            CannotHold: the statement ends the transaction.
        """
        if ending := ends_transaction(statement):
            raise self.refuse(f"it sends {shortened(ending)}")

    def other_driver(self, driver: str) -> CannotHold:
        """The error for a connection of another driver, whose commits are not seen."""
        return self.refuse(f"env.py connects with {driver}, whose commits cannot be held back")

    def opened(self) -> None:
        """Called before a connection is opened."""
        if self._kept_by is not None:
            raise self.refuse("env.py opens another connection after a commit")

    def commit(self, connection: Any, commit: Callable[[], None]) -> None:
        """Called instead of a connection's commit, which is given."""
        status = connection.info.transaction_status
        if status in (TRANSACTION_STATUS_IDLE, TRANSACTION_STATUS_INERROR):
            # Nothing to commit, or what the server rolls back.
            commit()
            return
        with connection.cursor(cursor_factory=psycopg2_cursor) as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        self.commits += 1
        self._kept_by = connection


class _HeldConnection(psycopg2_connection):  # type: ignore[misc]
    """A connection that does not commit."""

    holding: Holding

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self.holding.opened()
        super().__init__(*arguments, **named)

    def commit(self) -> None:
        self.holding.commit(self, super().commit)

    def __exit__(self, kind: Any, *_: object) -> None:
        # The driver's own would commit past this class.
        (self.rollback if kind else self.commit)()

    @property
    def autocommit(self) -> bool:
        return bool(psycopg2_connection.autocommit.__get__(self))

    @autocommit.setter
    def autocommit(self, value: Any) -> None:
        if value:
            raise self.holding.refuse(_LEAVES)
        psycopg2_connection.autocommit.__set__(self, value)

    def set_isolation_level(self, level: Any) -> None:
        if level == ISOLATION_LEVEL_AUTOCOMMIT:
            raise self.holding.refuse(_LEAVES)
        super().set_isolation_level(level)

    def set_session(self, *arguments: Any, **named: Any) -> None:
        if named.get("autocommit"):
            raise self.holding.refuse(_LEAVES)
        super().set_session(*arguments, **named)
