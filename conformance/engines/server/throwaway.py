"""Temporary databases on a real server: created quickly, dropped at the end."""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from conformance.engines.connecting import connect, place, words_of
from conformance.engines.server.ownership import Run, leftovers
from conformance.engines.server.properties import properties_of
from conformance.errors import ConformanceError, EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL, Connection

    from conformance.engines.base import Template

#: Seconds given to each attempt at copying a database that background workers are connected to.
COPY_PATIENCE = (1, 1, 2, 2, 4, 4, 8, 16)
#: Attempts at copying a database that others own; the server waits five seconds in each.
COPY_ATTEMPTS = 4
#: What the role or the server sets for each session, and its value in databases of a run. Timeouts
#: are meant for applications, not for tests that fill tables and hold transactions open. Hints
#: are chosen by PostgreSQL's English messages, where a SQLSTATE does not tell.
_SETTINGS = text(
    "SELECT name, CASE name WHEN 'lc_messages' THEN 'C' ELSE '0' END AS value"
    " FROM pg_catalog.pg_settings WHERE reset_val <> '0' AND name IN ("
    "'statement_timeout', 'lock_timeout', 'transaction_timeout',"
    " 'idle_in_transaction_session_timeout', 'idle_session_timeout')"
    " OR name = 'lc_messages' AND reset_val !~ '^(C|en)'"
    " AND pg_catalog.has_parameter_privilege('lc_messages', 'SET')"
)
#: Seconds to wait for a connection to a new database, unless the URL of the server sets
#: connect_timeout: libpq waits for ever. Long, because a copy keeps new connections waiting.
CONNECT_SECONDS = 30
#: SQLSTATE of object_in_use and of query_canceled.
_BUSY = frozenset({"55006", "57014"})


class ThrowawayDatabases:
    """Creates databases on a server, copies prepared ones, and drops them all.

    Args:
        server: a URL of the server. The role needs CREATEDB. The database is only used to connect
            for statements about the server; nothing is written to it.
    """

    def __init__(self, server: URL) -> None:
        # This session holds the lock of the run: the network must not drop its connection.
        alive = {"keepalives_idle": "30", "application_name": "timescaledb conformance"}
        self._server = server
        self._admin_url = server.update_query_dict({**alive, **server.query})
        self._run = Run.new()
        self._resources = ExitStack()
        self._admin: Connection | None = None
        self._lock = threading.RLock()
        self._count = 0
        self._existing: list[str] = []
        self._templates: dict[tuple[str, str], str] = {}
        self._origin = "template0"
        self._settings: list[tuple[str, str]] = []
        #: Of each copied database what its copies get; nobody can change a sealed one.
        self._taken_over: dict[str, list[tuple[str, str]]] = {}

    @property
    def server_url(self) -> URL:
        """The URL of the server, with the password."""
        return self._admin_url

    def open(self) -> None:
        """Connect, and drop the databases that killed runs have left.

        Raises:
            EngineUnavailable: the connection fails, or something in between doubles it.
        """
        with self._explained():
            connection = self._connection()
            names = leftovers(connection)
            self._settings = [(row.name, row.value) for row in connection.execute(_SETTINGS)]
            if self._run.sessions(connection) > 1:
                raise _doubled(self._server)
        for name in names:
            # Another run may have dropped it, or somebody may be connected: do not force it.
            with suppress(SQLAlchemyError):
                connection.execute(text(f'DROP DATABASE IF EXISTS "{name}"'))

    @contextmanager
    def database(self, template: Template | None = None) -> Iterator[URL]:
        """A new database: empty, or a copy of the template.

        In a copy, TimescaleDB's scheduler starts when its launcher next checks, within a minute.
        Where the extension was just created, the scheduler starts at once.

        Raises:
            EngineUnavailable: the server has no space left, or has ended.
        """
        with self._lock:
            if template is None:
                url = self._create("empty")
            else:
                url = self._create(template.name, source=self._template(template))
        try:
            yield url
        finally:
            self._drop_if_possible(str(url.database))

    @contextmanager
    def copy_of(self, name: str) -> Iterator[URL]:
        """A copy of somebody's database, to which nobody may be connected; dropped at the end.

        The files are copied: by PostgreSQL's default every page would go through the WAL. The
        statement itself may start a scheduler in the database (timescaledb issue 9080), and fails
        if that connects first; it is then tried again.

        Raises:
            EngineUnavailable: the server has no space left, or somebody is connected.
        """
        with self._lock, self._explained():
            self._count += 1
            copy = self._run.database_name(f"{self._count}_copy")
            self._existing.append(copy)
            quoted = name.replace('"', '""')
            for patience in range(COPY_ATTEMPTS):
                try:
                    self._connection().exec_driver_sql(
                        f'CREATE DATABASE "{copy}" TEMPLATE "{quoted}" STRATEGY FILE_COPY'.replace(
                            "%", "%%"
                        )
                    )
                    break
                except DBAPIError as error:
                    busy = getattr(error.orig, "pgcode", None) in _BUSY
                    if not busy or patience == COPY_ATTEMPTS - 1:
                        raise
        try:
            yield self._url_of(copy)
        finally:
            self._drop_if_possible(copy)

    def start_from(self, url: URL) -> None:
        """Prepare every template in a copy of this database instead of an empty one.

        Args:
            url: a database on the server; nobody can connect to it any more.
        """
        with self._lock:
            self._origin = self._sealed(url, "origin")

    def close(self) -> None:
        """Drop everything. May be called at any time, also twice.

        Raises:
            ConformanceError: the server answers, but refuses to drop a database.
        """
        with self._lock:
            try:
                for name in reversed(self._existing[:]):
                    self._drop(name)
            except SQLAlchemyError as error:
                raise ConformanceError(
                    f"The database {name} at {place(self._server)} cannot be dropped: "
                    f"{words_of(error, self._server)}.",
                    "Drop the database by hand.",
                ) from None
            except EngineUnavailable:
                # The server has ended; the next run on it drops what is left.
                self._existing.clear()
            finally:
                self._disconnect()

    def abandon(self) -> None:
        """Drop nothing: the server itself will be removed."""
        with self._lock:
            self._existing.clear()
            self._disconnect()

    def _connection(self) -> Connection:
        """The connection for statements about the server.

        A new connection replaces it after a restart of the server, and after an interrupt during a
        statement: SQLAlchemy does not use the interrupted connection again.
        """
        if self._admin is not None:
            try:
                self._admin.execute(text("SELECT 1"))
            except SQLAlchemyError:
                self._disconnect()
        if self._admin is None:
            admin = self._resources.enter_context(connect(self._admin_url, autocommit=True))
            self._run.lock(admin)
            self._admin = admin
        return self._admin

    def _disconnect(self) -> None:
        self._admin = None
        with suppress(SQLAlchemyError):
            self._resources.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn the server's error into one sentence."""
        try:
            yield
        except SQLAlchemyError as error:
            reason = words_of(error, self._server)
            raise EngineUnavailable(
                f"The server at {place(self._server)} does not create a database: {reason}.",
                "Check that the server has free space and is not shutting down, or use another "
                "server.",
            ) from None

    def _create(self, word: str, *, source: str = "template0") -> URL:
        with self._explained():
            return self._try_to_create(word, source)

    def _try_to_create(self, word: str, source: str, *, sealed: bool = False) -> URL:
        with self._lock:
            self._count += 1
            name = self._run.database_name(f"{self._count}_{word}")
            seal = " ALLOW_CONNECTIONS false" if sealed else ""
            # Noted before it exists: an interrupt may arrive in between.
            self._existing.append(name)
            self._connection().execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{source}"{seal}'))
            for setting, value in self._settings:
                # Of the role in this database: nearer than the role's own setting.
                of_role = f'ALTER ROLE CURRENT_USER IN DATABASE "{name}"'
                self._connection().execute(text(f"{of_role} SET {setting} = '{value}'"))
            for before, after in self._properties(source):
                # A role that may create databases may still lack the right to some settings.
                with suppress(DBAPIError):
                    self._connection().exec_driver_sql(
                        f'{before} "{name}" {after}',
                        execution_options={"no_parameters": True},
                    )
        return self._url_of(name)

    def _url_of(self, name: str) -> URL:
        """The URL of a new database."""
        known = {"connect_timeout": str(CONNECT_SECONDS), **self._server.query}
        return self._server.set(database=name, query=known)

    def _properties(self, source: str) -> list[tuple[str, str]]:
        if source == "template0":
            return []
        if source not in self._taken_over:
            self._taken_over[source] = properties_of(self._connection(), source)
        return self._taken_over[source]

    def _drop(self, name: str) -> None:
        with self._lock:
            if name not in self._existing:
                return
            self._connection().execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
            self._existing.remove(name)

    def _template(self, template: Template) -> str:
        """The name of the database to copy for the template; the first call prepares it."""
        state = template.name, template.key
        if state not in self._templates:
            self._templates[state] = self._prepare(template)
        return self._templates[state]

    def _prepare(self, template: Template) -> str:
        """Prepare a database, and seal it."""
        source = self._create(template.name, source=self._origin)
        name = str(source.database)
        try:
            template.prepare(source)
            sealed = self._sealed(source, template.name)
        except BaseException:
            self._drop_if_possible(name)
            raise
        if sealed != name:
            self._drop_if_possible(name)
        return sealed

    def _sealed(self, url: URL, word: str) -> str:
        """The name of the database, or of a copy of it, that does not allow connections any more.

        TimescaleDB's scheduler is connected to every database that has the extension, and a
        database with connections cannot be copied. The copying statement itself starts a scheduler
        there (timescaledb issue 9080). No scheduler starts in a database without connections.
        """
        name = str(url.database)
        with self._explained():
            if _stop_background_workers(url):
                self._seal(name)
                return name
            return str(self._sealed_copy(name, word).database)

    def _sealed_copy(self, source: str, word: str) -> URL:
        """A copy, without connections from the start, of a database whose scheduler keeps running.

        The copying statement starts a new scheduler, and fails if the scheduler connects first. It
        is then cancelled and tried again.
        """
        with self._lock:
            for patience in COPY_PATIENCE:
                self._connection().execute(text(f"SET statement_timeout = '{patience}s'"))
                try:
                    return self._try_to_create(f"{word}_template", source, sealed=True)
                except DBAPIError as error:
                    busy = getattr(error.orig, "pgcode", None) in _BUSY
                    if not busy or patience == COPY_PATIENCE[-1]:
                        raise
                finally:
                    self._connection().execute(text("SET statement_timeout = 0"))
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _seal(self, name: str) -> None:
        """Forbid new connections to the database, and end existing ones."""
        with self._lock:
            connection = self._connection()
            connection.execute(text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'))
            connection.execute(
                text(
                    "SELECT pg_catalog.pg_terminate_backend(pid)"
                    " FROM pg_catalog.pg_stat_activity WHERE datname = :name"
                ),
                {"name": name},
            )

    def _drop_if_possible(self, name: str) -> None:
        """Drop the database; on an error `close` tries again, and reports it."""
        with suppress(SQLAlchemyError, EngineUnavailable):
            self._drop(name)


def _doubled(server: URL) -> EngineUnavailable:
    return EngineUnavailable(
        f"The server at {place(server)} has two sessions for one connection of this run.",
        "Check the proxy in front of the server: it sends every statement twice.",
    )


def _stop_background_workers(url: URL) -> bool:
    """Stop TimescaleDB's scheduler in the database, which only superusers may.

    Returns:
        Whether the scheduler has been stopped.
    """
    with connect(url, autocommit=True) as connection:
        if connection.scalar(text("SHOW is_superuser")) != "on":
            return False
        if connection.scalar(
            text("SELECT count(*) FROM pg_catalog.pg_extension WHERE extname = 'timescaledb'")
        ):
            connection.execute(text("SELECT _timescaledb_functions.stop_background_workers()"))
    return True
