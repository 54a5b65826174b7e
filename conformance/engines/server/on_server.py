"""What the engines have in common that work on a real PostgreSQL server."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from conformance.engines.connecting import connect, place, words_of
from conformance.engines.endings import call_at_end
from conformance.engines.probing import probe
from conformance.engines.server.suitability import check_server
from conformance.engines.server.throwaway import ThrowawayDatabases
from conformance.errors import ConformanceError, EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from sqlalchemy import URL

    from conformance.comparing.capabilities import Capabilities, Server
    from conformance.engines.base import Template

_NOT_STARTED = RuntimeError("the engine has not been started")


class EngineOnServer:
    """Databases of our own on a server, and what the server can do."""

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
    def server_url(self) -> str:
        """Where the server is, with the password: for another process of ours, never for people."""
        self._started()
        assert self._databases is not None
        return self._databases.server_url.render_as_string(hide_password=False)

    def url_of(self, database: str) -> URL:
        """The URL of a database that is there already, with the password."""
        self._started()
        assert self._databases is not None
        return self._databases.server_url.set(database=database)

    def database(self, template: Template | None = None) -> AbstractContextManager[URL]:
        """A database of one's own, empty or in the template's state, gone at the end."""
        if self._databases is None:
            raise _NOT_STARTED
        return self._databases.database(template)

    def anticipate(self, template: Template) -> None:
        """Nothing: copying a template takes no time worth mentioning."""

    def start_from(self, url: URL) -> None:
        """Let every template begin with a copy of this database, which is closed to all others."""
        self._started()
        assert self._databases is not None
        self._databases.start_from(url)

    def use(self, version: str) -> None:
        """The databases have TimescaleDB in this version: learn what the server can do with it."""
        server, capabilities = self._started()
        if version != server.timescaledb:
            self._probe(is_ours=capabilities.crashable, version=version)

    def restart(self) -> None:
        """Not somebody's server; where it is our own the engine overrides this."""
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
        # Not after an interrupt: what is left then is dropped when the process ends.
        self._closed()

    def _closed(self) -> None:
        self._forget()
        self._databases = self._probed = None

    def _open(self, url: URL, *, is_ours: bool) -> None:
        """Get ready on the server at the URL, if it suits; if not, leave nothing behind.

        Args:
            is_ours: whether the server is our own, to be restarted and crashed.
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
        """Learn what the server is and can do, with TimescaleDB's default version or another."""
        assert self._databases is not None
        with self._databases.database() as url:
            _create_extension(url, version)
            server, capabilities = probe(url)
        self._probed = server, replace(capabilities, restartable=is_ours, crashable=is_ours)

    def _started(self) -> tuple[Server, Capabilities]:
        if self._probed is None:
            raise _NOT_STARTED
        return self._probed


def _create_extension(url: URL, version: str | None) -> None:
    chosen = "" if version is None else f" VERSION '{version}'"
    try:
        with connect(url, autocommit=True) as connection:
            connection.execute(text(f"CREATE EXTENSION timescaledb{chosen}"))
    except DBAPIError as error:
        raise EngineUnavailable(
            f"CREATE EXTENSION timescaledb fails at {place(url)}: {words_of(error, url)}.",
            "See whether the role may create the extension and the server has room for it.",
        ) from None


def _nothing() -> None:
    """Nothing to take back yet."""
