"""Interrupt writes, maintenance and migrations, and check what they leave behind."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from conformance.engines.connecting import is_lost_connection
from conformance.errors import describe_briefly
from conformance.observed.traces import traces
from conformance.pipeline import facts_of
from conformance.population.filling import chunks_of
from conformance.population.given import given
from conformance.suite.interruptions import Interruptions
from conformance.suite.maintenance import Work, maintenance
from conformance.suite.row_world import Ledger, contents
from conformance.suite.writers import Call, succession

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy
    from sqlalchemy import URL, Connection, Table

    from conformance.comparing.facts import Facts
    from conformance.engines.base import Engine
    from conformance.observed import Scope
    from conformance.suite.cutting_proxy import Moment
    from conformance.suite.row_world import Writes
    from conformance.suite.unmigrated import Unmigrated

    #: Called with the server's process of a connection, at the moment the connection is cut.
    Strike = Callable[[int], None]


#: What to do about a migration that a second run does not complete.
_SECOND_RUN = (
    "Run the upgrade in one transaction, or let each statement that commits work once more:"
    " conformance explain interrupted"
)


class Target:
    """A hypertable on which writes and maintenance are interrupted."""

    def __init__(self, table: Table, interruptions: Interruptions, writes: Writes) -> None:
        self.table = table
        self._interruptions = interruptions
        self._writes = writes

    def __repr__(self) -> str:
        return f"Target({self.table.fullname})"

    def calls(self) -> SearchStrategy[list[Call]]:
        """Calls of the write path."""
        found = self._interruptions.ask(partial(given, table=self.table))
        return succession(self.table, **found, complete=True)

    def works(self) -> SearchStrategy[list[Work]]:
        """Compression and decompression of the table's chunks."""
        return maintenance(self._interruptions.ask(partial(chunks_of, table=self.table)))

    def messages(self, call: Call) -> int:
        """Make the call, and return how many messages the client sends for it."""
        return self._interruptions.count(partial(self._write, call))

    def interrupt_call(self, call: Call, moment: Moment, strike: Strike | None = None) -> None:
        """Interrupt a call: it writes all of its rows or none, and a second call writes them.

        Raises:
            AssertionError: this is not the case.
        """
        ledger = Ledger(self.table, self._contents().elements())
        before = Counter(ledger.rows.values())
        getattr(ledger, call.action)(call.rows)
        after = Counter(ledger.rows.values())
        done = self._interruptions.interrupt(partial(self._write, call), moment, strike)
        found = self._contents()
        cut = f"interrupted {moment}"
        assert found in (before, after), f"{cut}: {call.action} leaves a part of its rows"
        assert found == after or not done, f"{cut}: {call.action} reported success without rows"
        self._interruptions.run(partial(self._write, call))
        again = f"{cut}: a second {call.action} does not write the rows"
        assert self._contents() == after, again

    def interrupt_work(self, work: Work, moment: Moment, strike: Strike | None = None) -> None:
        """Interrupt the work: the chunk is compressed or not, keeps its rows, and a retry works.

        Raises:
            AssertionError: this is not the case.
        """
        rows = self._contents()
        before = self._interruptions.ask(work.is_compressed)
        done = self._interruptions.interrupt(partial(_carry_out, work), moment, strike)
        found = self._interruptions.ask(work.is_compressed)
        cut = f"interrupted {moment}"
        assert self._contents() == rows, f"{cut}: {work.function} has changed the rows"
        assert found == work.compresses or (found == before and not done), (
            f"{cut}: {work.function} leaves the chunk neither compressed nor uncompressed"
        )
        self._interruptions.run(partial(_carry_out, work))
        again = f"{cut}: a second {work.function}"
        compressed = self._interruptions.ask(work.is_compressed)
        assert compressed == work.compresses, f"{again} has no effect"
        assert self._contents() == rows, f"{again} changes the rows"

    def _write(self, call: Call, connection: Connection) -> None:
        getattr(self._writes, call.action)(connection, self.table, call.rows)
        connection.commit()

    def _contents(self) -> Counter[tuple[Any, ...]]:
        return self._interruptions.ask(partial(contents, table=self.table))


class Migration:
    """The migration, on empty databases.

    Args:
        engine: the engine of the databases.
        unmigrated: provides the databases.
        migrate: runs the migration.
        scope: the schemas that the migration changes.

    Attributes:
        messages: how many messages a client sends for the migration, from `rehearse`.
    """

    def __init__(
        self,
        engine: Engine,
        unmigrated: Unmigrated,
        migrate: Callable[..., None],
        scope: Scope,
    ) -> None:
        self._engine = engine
        self._unmigrated = unmigrated
        self._migrate = migrate
        self._facts = partial(_facts_of, scope=scope)
        self._traces = partial(traces, version_table=scope.version_table)
        self._resources = ExitStack()
        self._used = True

    def rehearse(self) -> None:
        """Run the migration without an interruption, to know its result."""
        database, self._used = self._on_empty_database(), True
        self.messages = database.count(self._migrate)
        self._after = database.run(self._facts)

    def close(self) -> None:
        """Drop the database."""
        self._resources.close()

    def interrupt(self, moment: Moment, strike: Callable[[Any], Strike] | None = None) -> None:
        """Interrupt the migration: it has no effect, is complete, or a second run completes it.

        Raises:
            AssertionError: this is not the case.
        """
        database = self._on_empty_database()
        before = database.ask(self._traces)
        struck = None if strike is None else strike(database)
        done = database.interrupt(self._migrate, moment, struck)
        cut = f"interrupted {moment}"
        unchanged = database.ask(self._traces) == before
        if unchanged and not done:
            return
        self._used = True
        found = database.run(self._facts)
        if found == self._after:
            return
        assert not unchanged, f"{cut}: the migration reported success without a change"
        part = f"{cut}: the migration leaves a part of its work behind"
        assert not done, part
        try:
            database.run(self._migrate)
        # A revision may raise anything.
        except Exception as error:
            if is_lost_connection(error):
                raise
            raise AssertionError(
                f"{part}, and a second run fails: {describe_briefly(error)}. {_SECOND_RUN}"
            ) from error
        again = f"{part}, with which a second run creates another schema. {_SECOND_RUN}"
        assert database.run(self._facts) == self._after, again

    def complete(self) -> None:
        """Run the migration in the interrupted database: the result must be the usual one.

        Raises:
            AssertionError: the result is another schema.
        """
        database, self._used = self._on_empty_database(), True
        database.run(self._migrate)
        again = "a second run of an interrupted migration creates another schema"
        assert database.run(self._facts) == self._after, again

    def _on_empty_database(self) -> Interruptions:
        """The last database, unless something was left in it; then a new one."""
        if self._used:
            self._resources.close()
            url = self._resources.enter_context(self._unmigrated.database(extension=False))
            self._database = self._resources.enter_context(behind_a_proxy(url, self._engine))
            # What SQLAlchemy asks in an engine's first connection is no message of a migration.
            self._database.count(lambda _: None)
            self._used = False
        return self._database


def _facts_of(connection: Connection, scope: Scope) -> Facts:
    """The observed facts; empty if the database does not have TimescaleDB yet."""
    there = connection.scalar(text("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'"))
    return facts_of(connection, scope) if there else {}


def behind_a_proxy(url: URL, engine: Engine) -> Interruptions:
    """Interruptions of connections to a database of the engine."""
    return Interruptions(url, outlives=engine.capabilities.concurrent_sessions)


def _carry_out(work: Work, connection: Connection) -> None:
    work.carry_out(connection)
    connection.commit()
