"""Writes, maintenance and migrations that are cut short, and what must be left of them."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack, closing
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from conformance.observed.traces import traces
from conformance.observed.version_table import applied_revisions
from conformance.pipeline import facts_of
from conformance.population.filling import chunks_of, parents_of
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

    #: What happens to the server's process for a connection, beside the connection's end.
    Strike = Callable[[int], None]


class Target:
    """A hypertable, on which writes and maintenance are cut short."""

    def __init__(self, table: Table, interruptions: Interruptions, writes: Writes) -> None:
        self.table = table
        self._interruptions = interruptions
        self._writes = writes

    def __repr__(self) -> str:
        return f"Target({self.table.fullname})"

    def calls(self) -> SearchStrategy[list[Call]]:
        """Calls of the write path."""
        parents = self._interruptions.run(partial(parents_of, table=self.table))
        return succession(self.table, parents=parents, complete=True)

    def works(self) -> SearchStrategy[list[Work]]:
        """Work on the table's chunks."""
        return maintenance(self._interruptions.run(partial(chunks_of, table=self.table)))

    def messages(self, call: Call) -> int:
        """How many messages a client sends for a call, which is made."""
        return self._interruptions.count(partial(self._write, call))

    def interrupt_call(self, call: Call, moment: Moment, strike: Strike | None = None) -> None:
        """Its rows are there, all of them or none, and are there when it is made again.

        Raises:
            AssertionError: it is not so.
        """
        ledger = Ledger(self.table, self._contents().elements())
        before = Counter(ledger.rows.values())
        getattr(ledger, call.action)(call.rows)
        after = Counter(ledger.rows.values())
        done = self._interruptions.interrupt(partial(self._write, call), moment, strike)
        found = self._contents()
        part = f"ended {moment}, {call.action} leaves a part of its rows"
        assert found in (before, after), part
        assert found == after or not done, f"ended {moment}, {call.action} said that it was done"
        self._interruptions.run(partial(self._write, call))
        again = f"{call.action} that ended {moment} is not completed when it is made again"
        assert self._contents() == after, again

    def interrupt_work(self, work: Work, moment: Moment, strike: Strike | None = None) -> None:
        """The chunk is compressed or is not, holds what it held, and the work can be done again.

        Raises:
            AssertionError: it is not so.
        """
        rows = self._contents()
        before = self._interruptions.run(work.is_compressed)
        done = self._interruptions.interrupt(partial(_carry_out, work), moment, strike)
        found = self._interruptions.run(work.is_compressed)
        assert self._contents() == rows, f"ended {moment}, {work.function} changes what is read"
        assert found == work.compresses or (found == before and not done), (
            f"ended {moment}, {work.function} leaves the chunk neither as it was nor as it will be"
        )
        self._interruptions.run(partial(_carry_out, work))
        again = f"{work.function} that ended {moment} is not completed when it is done again"
        assert self._interruptions.run(work.is_compressed) == work.compresses, again
        assert self._contents() == rows, f"{again}: other rows are read"

    def _write(self, call: Call, connection: Connection) -> None:
        getattr(self._writes, call.action)(connection, self.table, call.rows)
        connection.commit()

    def _contents(self) -> Counter[tuple[Any, ...]]:
        return self._interruptions.run(partial(contents, table=self.table))


class Migration:
    """The migration, on empty databases of its own.

    Args:
        engine: whose databases they are.
        unmigrated: where they come from.
        migrate: what is interrupted; with `revision` it goes as far as that only.
        scope: where it makes something.

    Attributes:
        messages: how many a client sends for it; known from a rehearsal.
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
        self._revisions = partial(applied_revisions, version_table=scope.version_table)
        self._known: dict[tuple[str, ...], Facts] = {}
        self._resources = ExitStack()
        self._used = True

    def rehearse(self) -> None:
        """Run it without an interruption, to know what it makes."""
        database, self._used = self._on_empty_database(), True
        self.messages = database.count(self._migrate)
        self._after = database.run(self._facts)

    def close(self) -> None:
        """Drop the database."""
        self._resources.close()

    def interrupt(self, moment: Moment, strike: Callable[[Any], Strike] | None = None) -> None:
        """All is as before it, or as after it.

        Where every revision has a transaction of its own, as after the one that the version table
        names; run again, the migration then finishes its work.

        Raises:
            AssertionError: it is not so.
        """
        database = self._on_empty_database()
        before = database.run(self._traces)
        struck = None if strike is None else strike(database)
        done = database.interrupt(self._migrate, moment, struck)
        if database.run(self._traces) == before:
            assert not done, f"ended {moment}, the migration said that it was done"
            return
        self._used = True
        found = database.run(self._facts)
        if found == self._after:
            return
        part = f"ended {moment}, the migration leaves a part of its work behind"
        applied = database.run(self._revisions)
        assert not done, part
        assert _made(found) == _made(self._facts_at(applied)), part
        database.run(self._migrate)
        again = f"run again after it ended {moment}, the migration makes another schema"
        assert database.run(self._facts) == self._after, again

    def _facts_at(self, applied: tuple[str, ...]) -> Facts:
        """What the migration makes as far as these revisions."""
        if applied not in self._known:
            with (
                closing(self._unmigrated.another()) as unmigrated,
                unmigrated.database(extension=False) as url,
                behind_a_proxy(url, self._engine) as database,
            ):
                for revision in applied:
                    database.run(partial(self._migrate, revision=revision))
                self._known[applied] = database.run(self._facts)
        return self._known[applied]

    def complete(self) -> None:
        """Run where it was interrupted, it makes the schema that it makes on an empty database.

        Raises:
            AssertionError: it does not.
        """
        database, self._used = self._on_empty_database(), True
        database.run(self._migrate)
        again = "run again after it was interrupted, the migration makes another schema"
        assert database.run(self._facts) == self._after, again

    def _on_empty_database(self) -> Interruptions:
        """The last one, unless something was left in it."""
        if self._used:
            self._resources.close()
            url = self._resources.enter_context(self._unmigrated.database(extension=False))
            self._database = self._resources.enter_context(behind_a_proxy(url, self._engine))
            self._used = False
        return self._database


def _facts_of(connection: Connection, scope: Scope) -> Facts:
    """None where not even TimescaleDB is there yet."""
    there = connection.scalar(text("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'"))
    return facts_of(connection, scope) if there else {}


def _made(facts: Facts) -> Facts:
    """What a migration itself makes; env.py may have seen to the extension before."""
    return {key: value for key, value in facts.items() if key.kind != "extension"}


def behind_a_proxy(url: URL, engine: Engine) -> Interruptions:
    """A database of the engine, whose connections can be cut."""
    return Interruptions(url, outlives=engine.capabilities.concurrent_sessions)


def _carry_out(work: Work, connection: Connection) -> None:
    work.carry_out(connection)
    connection.commit()
