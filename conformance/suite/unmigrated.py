"""Provide databases before the first revision, and reuse one if a downgrade cleans it."""

from __future__ import annotations

from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import NullPool, create_engine

from conformance.observed.home import create_extension
from conformance.observed.traces import traces

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator

    from sqlalchemy import URL, Connection

    from conformance.engines.base import Engine
    from conformance.observed import Scope
    from conformance.project.migrations import Migrations


#: The reason for not interrupting migrations where all connections share one session.
_NOT_HERE = (
    "not checked: the migrations create TimescaleDB without IF NOT EXISTS, and this engine can"
    " load TimescaleDB only once per database"
)


class Unmigrated:
    """Provides databases before the first revision.

    A database has the extension, in the schema in which the migrations would create it; unless the
    migrations create it without IF NOT EXISTS.

    If each database is a process of its own, starting one takes longer than a downgrade. The last
    database is therefore downgraded, and reused if the catalogs then have the same contents as
    before. Anything that a downgrade leaves behind thus does not affect other tests.
    """

    def __init__(self, engine: Engine, migrations: Migrations, scope: Scope) -> None:
        self._engine = engine
        self._migrations = migrations
        self._scope = scope
        self._resources = ExitStack()
        self._url: URL | None = None
        self._before: Counter[str] | None = None
        self._in_use = False

    def another(self) -> Unmigrated:
        """A second provider, for a database at the same time as another one."""
        return Unmigrated(self._engine, self._migrations, self._scope)

    def close(self) -> None:
        """Drop the database."""
        self._resources.close()
        self._url = self._before = None

    @contextmanager
    def database(self, *, extension: bool = True, again: bool = True) -> Iterator[URL]:
        """A database before the first revision.

        Args:
            extension: whether it has the extension. False is ignored if all connections share one
                session: a session can load TimescaleDB only once, so that creating the extension
                must not be rolled back.
            again: whether the database may be reused; False: it is dropped at the end.
        """
        if self._in_use:
            with closing(self.another()) as other, other.database(extension=extension) as url:
                yield url
            return
        own_process = self._engine.server_url is None
        insists = self._migrations.insist_on_the_extension
        if insists and own_process and not extension:
            pytest.skip(_NOT_HERE)
        if self._url is None:
            unmigrated = self._engine.database(self._migrations.unmigrated)
            self._url = self._resources.enter_context(unmigrated)
            if (extension or own_process) and not insists:
                self._create_extension(self._url)
        serves_again = False
        self._in_use = True
        try:
            yield self._url
            serves_again = again and own_process and self._is_clean_after_downgrade(self._url)
        finally:
            self._in_use = False
            if not serves_again:
                self.close()

    def _create_extension(self, url: URL) -> None:
        with _connected(url) as connection:
            home = self._migrations.home(self._engine)
            create_extension(connection, home, self._engine.server.timescaledb)
            connection.commit()
            self._before = self._traces(connection)

    def _is_clean_after_downgrade(self, url: URL) -> bool:
        try:
            with _connected(url) as connection:
                self._migrations.downgrade(connection)
                return self._traces(connection) == self._before
        # A downgrade may raise anything; another test judges it.
        except (Exception, SystemExit):
            return False

    def _traces(self, connection: Connection) -> Counter[str]:
        found = traces(connection, version_table=self._scope.version_table)
        connection.rollback()
        return found


def _connected(url: URL) -> Connection:
    return create_engine(url, poolclass=NullPool).connect()
