"""A database whose connections can be cut in the middle of an operation."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Self, TypeVar

from sqlalchemy import create_engine, pool, text
from sqlalchemy.exc import SQLAlchemyError

from conformance.engines.connecting import causes_of, is_lost_for_asyncpg
from conformance.suite.cutting_proxy import CuttingProxy, Moment
from conformance.suite.sessions import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import URL, Connection, Engine

    from conformance.suite.cutting_proxy import Manner

    T = TypeVar("T")

    #: An operation on a connection, which commits its transactions itself.
    Operation = Callable[[Connection], Any]

_POLL_INTERVAL = 0.01
_PROCESSES = text("SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE pid = :pid")

_TERMINATE = text("SELECT pg_catalog.pg_terminate_backend(:pid)")


class Interruptions:
    """Runs operations on a database, and interrupts some of them.

    Args:
        url: the database.
        outlives: whether each connection has a server process of its own, which may run a little
            longer than the connection.
    """

    def __init__(self, url: URL, *, outlives: bool) -> None:
        self._proxy = CuttingProxy(url)
        self._outlives = outlives
        self._direct = create_engine(url, poolclass=pool.NullPool)
        # A question in a transaction would take three round trips.
        self._asking = self._direct.execution_options(isolation_level="AUTOCOMMIT")
        self._through_proxy = create_engine(self._proxy.url, poolclass=pool.NullPool)
        self._held: dict[Engine, Connection] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        self._let_go()
        self._proxy.__exit__(*reason)

    def run(self, operation: Callable[[Connection], T]) -> T:
        """Run the operation on a connection that is not cut; roll back unless it commits."""
        return self._run_on(self._direct, operation)

    def ask(self, question: Callable[[Connection], T]) -> T:
        """The answer to a question that changes nothing, on a connection that is not cut.

        Each of its statements is a transaction of its own.
        """
        return self._run_on(self._asking, question)

    def count(self, operation: Operation) -> int:
        """Run the operation, and return how many messages the client sends for it."""
        self._proxy.arm(None)
        self._attempt(operation)
        return self._proxy.messages

    def terminate(self, process: int) -> None:
        """Terminate one of the server's processes with pg_terminate_backend()."""
        with self._direct.connect() as connection:
            connection.execute(_TERMINATE, {"pid": process})

    def interrupt(
        self, operation: Operation, moment: Moment, strike: Callable[[int], None] | None = None
    ) -> bool:
        """Interrupt the operation, and wait until the server has finished with it.

        Args:
            strike: called at the moment of the cut with the server's process of the connection.

        Returns:
            Whether the operation succeeded from the client's point of view.

        Raises:
            Exception: the operation failed before the moment came.
        """
        self._proxy.arm(moment, strike)
        if strike is not None:
            # It may end this connection, too.
            self._let_go()
        try:
            self._attempt(operation)
        except Exception as error:
            if not self._proxy.has_cut or not (
                isinstance(error, SQLAlchemyError)
                or any(map(is_lost_for_asyncpg, causes_of(error)))
            ):
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
        while self.ask(lambda connection: connection.scalar(_PROCESSES, {"pid": process})):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the server's process {process} does not end")
            time.sleep(_POLL_INTERVAL)

    def _run_on(self, engine: Engine, operation: Callable[[Connection], T]) -> T:
        if engine not in self._held:
            self._held[engine] = engine.connect()
        connection = self._held[engine]
        try:
            return operation(connection)
        finally:
            connection.rollback()

    def _let_go(self) -> None:
        while self._held:
            self._held.popitem()[1].close()


def moments(messages: int, manners: Sequence[Manner], first: int) -> list[Moment]:
    """A moment for each manner, spread evenly over the messages of an operation.

    Args:
        messages: how many messages the client sends for the operation.
        first: any number, which determines the message of the first moment.
    """
    return [
        Moment(1 + (first + messages * place // len(manners)) % messages, manner)
        for place, manner in enumerate(manners)
    ]
