"""Databases before any migration; one that a downgrade leaves as it was serves again."""

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


#: Of migrations that are interrupted where there is one session.
_NOT_HERE = (
    "not checked: the migrations create TimescaleDB without IF NOT EXISTS, and this engine can"
    " load it once"
)


class Unmigrated:
    """Gives databases before the first revision; most have the extension.

    The extension is where the migrations would create it. It is not there where they insist on
    creating it themselves.

    Where a database is a process of its own, booting one takes longer than a downgrade. The last
    one is therefore led back to the base, and given again if all that the catalogs hold is what
    they held before. What a downgrade leaves behind is thereby in nobody's way.
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
        """The same once more, for a database beside the one that is given."""
        return Unmigrated(self._engine, self._migrations, self._scope)

    def close(self) -> None:
        """Drop the database."""
        self._resources.close()
        self._url = self._before = None

    @contextmanager
    def database(self, *, extension: bool = True, again: bool = True) -> Iterator[URL]:
        """One of them; whatever is done in it is undone, or it is dropped.

        Args:
            extension: False: not even the extension, where that can be had. A session can load
                TimescaleDB once; where there is one only, its creation must not be rolled back.
            again: False: it is dropped, whatever is in it.
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
            serves_again = again and own_process and self._led_back(self._url)
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

    def _led_back(self, url: URL) -> bool:
        try:
            with _connected(url) as connection:
                self._migrations.downgrade(connection)
                return self._traces(connection) == self._before
        # A downgrade is anybody's code, and is judged elsewhere.
        except (Exception, SystemExit):
            return False

    def _traces(self, connection: Connection) -> Counter[str]:
        found = traces(connection, version_table=self._scope.version_table)
        connection.rollback()
        return found


def _connected(url: URL) -> Connection:
    return create_engine(url, poolclass=NullPool).connect()
