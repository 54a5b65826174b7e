"""The base of the engines that work on a real PostgreSQL server."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from conformance.engines.connecting import connect, place, trouble_of_server, words_of
from conformance.engines.endings import call_at_end
from conformance.engines.identification import identify_server
from conformance.engines.probing import probe
from conformance.engines.server.suitability import check_server
from conformance.engines.server.throwaway import ThrowawayDatabases
from conformance.errors import ConformanceError, EngineUnavailable, server_hint_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from sqlalchemy import URL

    from conformance.comparing.capabilities import Capabilities, Server
    from conformance.engines.base import Template

_NOT_STARTED = RuntimeError("the engine has not been started")


class EngineOnServer:
    """An engine that creates databases on a server, and probes the server."""

    def __init__(self) -> None:
        self._databases: ThrowawayDatabases | None = None
        self._probed: tuple[Server, Capabilities] | None = None
        self._forget: Callable[[], None] = _nothing

    @property
    def server(self) -> Server:
        """Versions and edition of the running server."""
        return self._started()[0]

    @property
    def capabilities(self) -> Capabilities:
        """What the running server can do."""
        return self._started()[1]

    @property
    def build(self) -> None:
        """None: the server may be another one in the next run."""
        return

    @property
    def server_url(self) -> str:
        """The URL of the server, with the password: for another process, never for messages."""
        return self._created().server_url.render_as_string(hide_password=False)

    def url_of(self, database: str) -> URL:
        """The URL of an existing database of the server, with the password."""
        return self._created().server_url.set(database=database)

    def database(self, template: Template | None = None) -> AbstractContextManager[URL]:
        """A new database, empty or in the state of the template; dropped at the end."""
        return self._created().database(template)

    def anticipate(self, template: Template) -> None:
        """Do nothing: copying a template is fast."""

    def start_from(self, url: URL) -> None:
        """Prepare every template in a copy of this database; nobody can connect to it any more.

        The engine has the database's version of TimescaleDB from then on, which need not be the
        version that the server gives to a new database.
        """
        with connect(url) as connection:
            version = identify_server(connection).timescaledb
        self.use(version)
        self._created().start_from(url)

    def use(self, version: str) -> None:
        """Probe the server with this version of TimescaleDB, which the databases will have."""
        server, capabilities = self._started()
        if version != server.timescaledb:
            self._probe(is_ours=capabilities.crashable, version=version)

    def restart(self) -> None:
        """Raise NotImplementedError; engines with a server of their own override this."""
        raise NotImplementedError

    def stop(self) -> None:
        """Drop everything that was created on the server. May be called at any time."""
        if self._databases is None:
            return
        try:
            self._databases.close()
        except ConformanceError:
            self._closed()
            raise
        # Not after an interrupt: the end of the process then drops the rest.
        self._closed()

    def _closed(self) -> None:
        self._forget()
        self._databases = self._probed = None

    def _open(self, url: URL, *, is_ours: bool) -> None:
        """Check and probe the server at the URL; on an error leave nothing behind.

        Args:
            is_ours: whether the engine started the server, so that it may restart and crash it.
        """
        check_server(url)
        self._databases = ThrowawayDatabases(url)
        self._forget = call_at_end(self.stop)
        try:
            self._databases.open()
            self._probe(is_ours=is_ours)
        except BaseException:
            self.stop()
            raise

    def _probe(self, *, is_ours: bool, version: str | None = None) -> None:
        """Probe the server with this version of TimescaleDB; None: with its default version."""
        with self._created().database() as url:
            create_extension(url, version)
            server, capabilities = probe(url)
        self._probed = server, replace(capabilities, restartable=is_ours, crashable=is_ours)

    def _started(self) -> tuple[Server, Capabilities]:
        if self._probed is None:
            raise _NOT_STARTED
        return self._probed

    def _created(self) -> ThrowawayDatabases:
        if self._databases is None:
            raise _NOT_STARTED
        return self._databases


def create_extension(url: URL, version: str | None = None) -> None:
    """Create this version of the extension; None: the default version.

    Raises:
        EngineUnavailable: the server refuses; its own hint says what to do, where it has one.
    """
    chosen = "" if version is None else f" VERSION '{version}'"
    try:
        with connect(url, autocommit=True) as connection:
            connection.execute(text(f"CREATE EXTENSION timescaledb{chosen}"))
    except DBAPIError as error:
        raise trouble_of_server(error, "CREATE EXTENSION timescaledb") or EngineUnavailable(
            f"CREATE EXTENSION timescaledb fails at {place(url)}: {words_of(error, url)}.",
            server_hint_of(error)
            or "Check that the role may create the extension, and that the server has free space.",
        ) from None


def _nothing() -> None:
    """Do nothing: there is nothing to cancel yet."""
