"""The test bench of revisions: a database at the base with rows, replaced once it is changed."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, suppress
from functools import cached_property
from typing import TYPE_CHECKING

from conformance.errors import MigrationFailed
from conformance.gate.rehearsing.base import base_template, connected
from conformance.gate.rehearsing.base_rows import tables_of_base
from conformance.population.thinness import thin
from conformance.process.kept import kept
from conformance.project.migrations import Migrations

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alembic.config import Config
    from sqlalchemy import URL, Connection

    from conformance.engines.base import Engine, Template
    from conformance.gate.revisions.new import NewRevisions, Revision


class Bench:
    """One database at a time, in the state before the revision that is rehearsed.

    Args:
        config: Alembic's configuration.
        new: the revisions to rehearse.
    """

    def __init__(self, engine: Engine, config: Config, new: NewRevisions) -> None:
        self._engine = engine
        self.migrations = Migrations.on(engine, config)
        self._new = new
        self.one_session = not engine.capabilities.concurrent_sessions
        self._database = ExitStack()
        self._url: URL | None = None
        self._reader: Connection | None = None

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Drop the database."""
        self._reader = None
        self._database.close()
        self._url = None

    def renew(self, applied: Sequence[Revision] = ()) -> None:
        """Create a new database: the base with its rows, upgraded by the given revisions."""
        self.close()
        self._url = self._database.enter_context(self._engine.database(self._template))
        for revision in applied:
            self.upgrade(revision)

    @cached_property
    def _template(self) -> Template:
        version = self._engine.server.timescaledb
        return base_template(self.migrations, self._new, self._home(), version)

    def _home(self) -> str | None:
        """The schema in which the revisions create TimescaleDB, if the new ones may do so."""
        new = (revision.path.read_text("utf-8", "replace") for revision in self._new.revisions)
        if self._new.base_heads and not any("extension" in source.lower() for source in new):
            return None
        # The rehearsal reports the revisions that fail.
        with suppress(MigrationFailed):
            return self.migrations.home(self._engine)
        return None

    def upgrade(self, revision: Revision) -> None:
        """Run one revision's upgrade."""
        with self.connect() as connection:
            self.migrations.upgrade(connection, revision.identifier)

    @cached_property
    def version_table(self) -> str:
        """The name of Alembic's version table, as env.py configures it."""
        with self.connect() as connection:
            return self.migrations.version_table(connection)

    def thin(self) -> dict[tuple[str, str], str]:
        """What the rows of the base cannot show, with the reason: `population.thinness.thin`."""
        key = f"{self._template.key} {self._engine.name} {self._engine.server}"
        found = kept("thin", key, self._read_thin)
        return {(table, part): reason for table, part, reason in found}

    def _read_thin(self) -> list[tuple[str, str, str]]:
        version_table = self.version_table
        with self.reader() as connection:
            found = thin(connection, tables_of_base(connection, version_table))
        return [(table, part, reason) for (table, part), reason in found.items()]

    @property
    def is_empty(self) -> bool:
        """Whether the base has no revisions."""
        return not self._new.base_heads

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """Open a new session; meanwhile this process can connect to no other database."""
        with connected(self._current_url(), self.migrations.config) as connection:
            yield connection

    @contextmanager
    def reader(self) -> Iterator[Connection]:
        """Give a session for reading, in a transaction that is rolled back.

        The session is reused, since it has cached the catalog. Where all connections share one
        session, it is a new connection each time, so that settings of a migration do not persist.
        """
        if self.one_session:
            with self.connect() as connection:
                yield connection
            return
        if self._reader is None:
            self._reader = self._database.enter_context(
                connected(self._current_url(), self.migrations.config)
            )
        yield self._reader
        self._reader.rollback()

    def _current_url(self) -> URL:
        if self._url is None:
            self.renew()
        assert self._url is not None
        return self._url
