"""A database whose connections end in the middle of something, and that is looked at afterwards."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Self, TypeVar

from sqlalchemy import create_engine, pool, text
from sqlalchemy.exc import SQLAlchemyError

from conformance.suite.cutting_proxy import CuttingProxy, Moment
from conformance.suite.sessions import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import URL, Connection

    from conformance.suite.cutting_proxy import Manner

    T = TypeVar("T")

    #: What is done on a connection; it commits its transactions itself.
    Operation = Callable[[Connection], Any]

_POLL_INTERVAL = 0.01
_PROCESSES = text("SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE pid = :pid")

_TERMINATE = text("SELECT pg_catalog.pg_terminate_backend(:pid)")


class Interruptions:
    """Operations on a database, some of which are cut short.

    Args:
        url: the database.
        outlives: whether the server's process for a connection is one of its own, which may go on
            for a while when the connection is gone.
    """

    def __init__(self, url: URL, *, outlives: bool) -> None:
        self._proxy = CuttingProxy(url)
        self._outlives = outlives
        self._direct = create_engine(url, poolclass=pool.NullPool)
        self._through_proxy = create_engine(self._proxy.url, poolclass=pool.NullPool)
        self._held: Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        self._let_go()
        self._proxy.__exit__(*reason)

    def run(self, operation: Callable[[Connection], T]) -> T:
        """The operation on a connection that holds; rolled back unless it commits."""
        if self._held is None:
            self._held = self._direct.connect()
        try:
            return operation(self._held)
        finally:
            self._held.rollback()

    def count(self, operation: Operation) -> int:
        """How many messages the client sends for an operation, which is done."""
        self._proxy.arm(None)
        self._attempt(operation)
        return self._proxy.messages

    def terminate(self, process: int) -> None:
        """Have the server end one of its processes, from a connection of its own."""
        with self._direct.connect() as connection:
            connection.execute(_TERMINATE, {"pid": process})

    def interrupt(
        self, operation: Operation, moment: Moment, strike: Callable[[int], None] | None = None
    ) -> bool:
        """The operation, cut short, and with all that the server did for it over.

        Args:
            strike: what happens at the moment, beside the connection's end, to the process that
                serves it.

        Returns:
            Whether the client believes that it is done.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the operation failed before the moment came.
        """
        self._proxy.arm(moment, strike)
        if strike is not None:
            # It may strike this one too.
            self._let_go()
        try:
            self._attempt(operation)
        except SQLAlchemyError:
            if not self._proxy.has_cut:
                raise
            return False
        return True

    def _attempt(self, operation: Operation) -> None:
        try:
            with self._through_proxy.connect() as connection:
                operation(connection)
        finally:
            self._proxy.settle()
            if self._proxy.failure is not None:
                raise self._proxy.failure
            if self._outlives:
                self._await_end(self._proxy.backend)

    def _await_end(self, process: int) -> None:
        deadline = time.monotonic() + PATIENCE
        while self.run(lambda connection: connection.scalar(_PROCESSES, {"pid": process})):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the server's process {process} does not end")
            time.sleep(_POLL_INTERVAL)

    def _let_go(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None


def moments(messages: int, manners: Sequence[Manner], first: int) -> list[Moment]:
    """A moment for each manner, spread over an operation.

    Args:
        messages: how many the client sends for it.
        first: any number, from which the first moment's message follows.
    """
    return [
        Moment(1 + (first + messages * place // len(manners)) % messages, manner)
        for place, manner in enumerate(manners)
    ]
