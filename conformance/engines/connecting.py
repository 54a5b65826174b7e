"""Connect to the database of a URL, or explain in one sentence why that fails."""

from __future__ import annotations

import re
from contextlib import contextmanager
from traceback import walk_tb
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

import psycopg2
from sqlalchemy import URL, NullPool, create_engine, event, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    OperationalError,
    PendingRollbackError,
    SQLAlchemyError,
)

from conformance.engines.addresses import BACKENDS, for_libpq
from conformance.errors import EngineUnavailable, message_of, state_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from conformance.engines.patience import Patience

#: Seconds to wait for a connection, unless the URL sets connect_timeout.
CONNECT_TIMEOUT = 5

#: Names mean PostgreSQL's own objects first, for this transaction: a database may set a search_path
#: in which its own current_schema(), its own pg_type or its own operators come first.
SHIELD = (
    "SELECT pg_catalog.set_config('search_path', pg_catalog.regexp_replace(pg_catalog.concat("
    "'pg_catalog, ', pg_catalog.current_setting('search_path')), ', $', ''), true)"
)

#: SQLSTATEs of disk_full, too_many_connections and io_error.
_TROUBLE = frozenset({"53100", "53300", "58030"})

#: SQLAlchemy's code for a statement on a lost connection whose transaction is not rolled back.
_INVALIDATED = "8s2b"

#: SQLSTATE of connection_does_not_exist.
_DOES_NOT_EXIST = "08003"

#: Whose code calls a driver: psycopg2 itself is not Python.
_DRIVERS = ("psycopg2", "sqlalchemy.", "conformance.project.leading")

#: SQLSTATE of query_canceled.
_QUERY_CANCELED = "57014"

#: Pattern of the error, problem, hint; the first match counts. libpq gives no SQLSTATE where a
#: connection fails, so that only the words are known.
_MEANINGS: tuple[tuple[str, str, str], ...] = (
    # Answers of a server come first: libpq lists every address that it tried, and a refused one
    # matters only if no other address answered.
    (
        r"password authentication failed|no password supplied|authentication failed for user",
        "The server at {place} rejects the password of user {user}.",
        "Check user and password in the URL; special characters must be percent-encoded.",
    ),
    (
        r"no pg_hba\.conf entry|pg_hba\.conf rejects",
        "The server at {place} does not allow connections of user {user} from this machine.",
        "Ask the administrator to add a line to pg_hba.conf, or check whether SSL is required.",
    ),
    (
        r'role ".*" does not exist',
        "The server at {place} does not have the user {user}.",
        "Check the user in the URL.",
    ),
    (
        r'database ".*" does not exist',
        "The server at {place} does not have the database {database}.",
        "Name an existing database, such as postgres.",
    ),
    (
        r"permission denied for database",
        "User {user} may not connect to database {database} at {place}.",
        "Name another database in the URL, or ask the owner of the database to grant CONNECT.",
    ),
    (
        r"too many (clients|connections)|remaining connection slots",
        "The server at {place} has no connection left.",
        "Close other sessions, or raise max_connections.",
    ),
    (
        r"the database system is|the database is (starting|shutting)",
        "The server at {place} is starting up, shutting down or recovering.",
        "Try again in a moment.",
    ),
    (
        r"invalid response to SSL negotiation|expected authentication request",
        "The program that listens at {place} is not a PostgreSQL server.",
        "Check host and port in the URL.",
    ),
    (
        r"does not support SSL|SSL (error|was required)|certificate",
        "The SSL connection to {place} fails.",
        "Check sslmode and the certificates named in the URL.",
    ),
    (
        r"could not translate host name|name or service not known|nodename nor servname",
        "The host name {host} cannot be resolved.",
        "Check the host in the URL, and the name resolution of this machine.",
    ),
    (
        r"connection refused",
        "Nothing listens at {place}.",
        "Start the server, or check host and port in the URL.",
    ),
    (
        r"timeout expired|timed out",
        "The server at {place} does not answer in time.",
        "Check host, port and firewall, or allow more time with ?connect_timeout=SECONDS.",
    ),
    (
        r"no route to host|network is unreachable",
        "The network does not reach {place}.",
        "Check the host in the URL, the VPN and the firewall.",
    ),
    # TimescaleDB loads the library of the database's version before the first statement.
    (
        r"could not access file \"[^\"]*timescaledb",
        "The server at {place} lacks the library of the TimescaleDB that database {database} has.",
        "Install that version on the server, or update the extension of the database.",
    ),
    (
        r"can't decode byte|lost synchronization|unexpected (message|response|field)",
        "What answers at {place} does not keep to PostgreSQL's protocol.",
        "Check host and port in the URL, and the proxy in front of the server if there is one.",
    ),
    (
        r"server closed the connection unexpectedly|connection reset by peer",
        "The connection to {place} ends as soon as it is made.",
        "Read the log of the server, and of the proxy or pooler in front of it if there is one.",
    ),
    (
        r"no such file or directory",
        "No PostgreSQL server listens at {place}.",
        "Start the server, or name a host in the URL.",
    ),
)


def parse_url(url: str | URL) -> URL:
    """Turn a URL in any usual form into a SQLAlchemy URL with the psycopg2 driver.

    `postgres://`, `timescaledb://`, any driver after `+`, and asyncpg's `?ssl=` are accepted.

    Raises:
        EngineUnavailable: the text is not a URL of a PostgreSQL database.
    """
    form = "postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
    try:
        url = make_url(url.strip() if isinstance(url, str) else url)
    except (ArgumentError, ValueError):
        # Neither the text nor the error is shown: either may hold the password.
        raise EngineUnavailable(
            "The database URL cannot be read.",
            f"Write it as {form}, with special characters in the password percent-encoded.",
        ) from None
    if url.drivername.split("+")[0] not in BACKENDS:
        raise EngineUnavailable(
            f"A {url.drivername}:// URL does not name a PostgreSQL database.",
            f"Write it as {form}.",
        )
    if "@" in (url.host or ""):
        raise EngineUnavailable(
            "The database URL has more than one @ before the host.",
            "Write an @ in the password as %40.",
        )
    return for_libpq(url).set(drivername="postgresql+psycopg2")


def place(url: URL) -> str:
    """Host and port of the URL for messages, without user and password."""
    host = _host(url)
    if host is None:
        return "the default socket"
    if host.startswith("/"):
        return host
    host = f"[{host}]" if ":" in host else host
    return f"{host}:{url.port or 5432}"


def scrubbed(message: str, url: URL) -> str:
    """The message on one line, without the secrets of the URL."""
    secrets = [url.password, *(_query(url, key) for key in ("password", "sslpassword"))]
    for secret in filter(None, secrets):
        for form in {str(secret), quote(str(secret)), quote_plus(str(secret))}:
            message = message.replace(form, "***")
    return " ".join(message.split())


def words_of(error: SQLAlchemyError, url: URL) -> str:
    """The server's message, without hint, context, full stop and the secrets of the URL."""
    original = getattr(error, "orig", None) or error
    message = getattr(getattr(original, "diag", None), "message_primary", None) or str(original)
    return scrubbed(message, url).rstrip(".")


def explain_connection_error(error: BaseException, url: URL) -> EngineUnavailable:
    """The error of a failed connection attempt as one sentence and a hint.

    Args:
        error: an error of psycopg2, bare or wrapped by SQLAlchemy.
        url: the address; the result does not contain its password.
    """
    message = str(getattr(error, "orig", None) or error)
    if state_of(error) == _QUERY_CANCELED:
        return EngineUnavailable(
            f"The server at {place(url)} cancels the first statement of the session: "
            f"{scrubbed(message, url).rstrip('.')}.",
            "Raise statement_timeout for the role, or use another role.",
        )
    words = {
        "place": place(url),
        "host": _host(url),
        "user": url.username or _query(url, "user") or "(default)",
        "database": url.database or _query(url, "dbname") or url.username or "(default)",
    }
    for pattern, problem, hint in _MEANINGS:
        if re.search(pattern, message, re.IGNORECASE):
            return EngineUnavailable(problem.format(**words), hint)
    return EngineUnavailable(
        f"The connection to {words['place']} fails: {scrubbed(message, url).rstrip('.')}.",
        "Check the database URL.",
    )


@contextmanager
def connect(
    url: URL, *, autocommit: bool = False, patience: Patience | None = None
) -> Iterator[Connection]:
    """An open connection without a pool, closed at the end.

    Args:
        url: a URL from `parse_url` or from an engine.
        autocommit: run every statement in a transaction of its own, as CREATE DATABASE needs.
        patience: the time that the server has for each answer; None: without end.

    Raises:
        EngineUnavailable: the connection fails; the error says why.
    """
    if "connect_timeout" not in url.query:
        url = url.update_query_dict({"connect_timeout": str(CONNECT_TIMEOUT)})
    # Reading the types of hstore would be a query more on each connection.
    engine = create_engine(url, poolclass=NullPool, use_native_hstore=False)
    event.listen(engine, "connect", _shield, insert=True)
    if autocommit:
        engine = engine.execution_options(isolation_level="AUTOCOMMIT")
    if patience is not None:
        patience.watch_login(engine)
    try:
        connection = engine.connect()
    # psycopg2 raises a ValueError for a zero byte and for invalid UTF-8.
    except (DBAPIError, ValueError) as error:
        if patience is not None and patience.is_over:
            raise unanswered(url, patience) from None
        raise explain_connection_error(error, url) from None
    finally:
        if patience is not None:
            patience.end()
    with connection:
        if patience is not None:
            patience.watch(connection)
        yield connection


def _shield(connection: Any, _: object) -> None:
    """Shield what SQLAlchemy asks on a new connection; its rollback ends that."""
    with connection.cursor() as cursor:
        cursor.execute(SHIELD)


def is_lost_connection(error: BaseException | None) -> bool:
    """Whether the error, or one of its causes, is that of a lost connection."""
    for cause in causes_of(error):
        if isinstance(cause, DBAPIError) and cause.connection_invalidated:
            return True
        # Of a statement that did not go through SQLAlchemy; an error of the server has a SQLSTATE.
        if isinstance(cause, psycopg2.OperationalError) and cause.pgcode is None:
            return True
        if is_lost_for_asyncpg(cause):
            return True
        # Of the next statement, where the error of the first one was taken for a refusal.
        if isinstance(cause, PendingRollbackError) and cause.code == _INVALIDATED:
            return True
    return False


def is_lost_for_asyncpg(error: BaseException) -> bool:
    """Whether asyncpg itself says that the connection is lost; SQLAlchemy 2.0 raises its error."""
    said = (getattr(error, "sqlstate", ""), getattr(error, "severity", ""))
    return said == (_DOES_NOT_EXIST, None)


def causes_of(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and what it comes from; also the errors of a group, as Hypothesis raises them."""
    while error is not None:
        yield error
        for member in error.exceptions if isinstance(error, BaseExceptionGroup) else ():
            yield from causes_of(member)
        said = error.orig if isinstance(error, DBAPIError) else None
        error = error.__cause__ or error.__context__
        if said is not None and error is said:
            # The driver's error, which SQLAlchemy's has told already.
            error = said.__cause__ or said.__context__


def no_connection(error: BaseException | None, url: URL) -> EngineUnavailable | None:
    """The error of a failed connection attempt, if the error or one of its causes is one.

    Args:
        error: any error.
        url: the address of the server.
    """
    while error is not None:
        # A failed statement has a SQLSTATE, and a lost connection is invalidated.
        if (
            isinstance(error, OperationalError)
            and getattr(error.orig, "pgcode", None) is None
            and not error.connection_invalidated
        ):
            return explain_connection_error(error, url)
        error = error.__cause__
    return None


def trouble_of_server(error: BaseException, during: str) -> EngineUnavailable | None:
    """The error of a server that is lost, full or cannot be reached, if that is the cause.

    Such an error says nothing about the models or the migrations.

    Args:
        error: any error.
        during: what was being done, such as "the gate".
    """
    if is_lost_connection(error):
        return lost_connection(during)
    for cause in causes_of(error):
        if isinstance(cause, UnicodeDecodeError) and _innermost(cause).startswith(_DRIVERS):
            return EngineUnavailable(
                f"The answer of the server during {during} cannot be decoded as text.",
                "Check the proxy in front of the server if there is one, and run this again.",
            )
        if isinstance(cause, DBAPIError):
            words = message_of(cause).rstrip(".")
            if state_of(cause) in _TROUBLE:
                return EngineUnavailable(
                    f"The server could not go on during {during}: {words}.",
                    "Free disk space or connections of the server, and run this again.",
                )
            # Without a SQLSTATE it is libpq's, of a connection that was not made.
            if isinstance(cause, OperationalError) and not state_of(cause):
                return EngineUnavailable(
                    f"The server cannot be reached during {during}: {words}.",
                    "Read the log of the server, and run this again.",
                )
    return None


def _innermost(error: BaseException) -> str:
    """The name of the module that raised the error, or called what did and is not Python."""
    name = ""
    for frame, _ in walk_tb(error.__traceback__):
        name = frame.f_globals.get("__name__", "")
    return name


def unanswered(url: URL, patience: Patience) -> EngineUnavailable:
    """The error of a server that has not answered a statement in time."""
    return EngineUnavailable(
        f"The server at {place(url)} has not answered for {patience.seconds:g} seconds.",
        "Check the network, and the proxy or pooler in front of the server if there is one.",
    )


def lost_connection(during: str) -> EngineUnavailable:
    """The error of a connection that the server ended while it was in use.

    Args:
        during: what was being done, such as "the migration to 0001".
    """
    return EngineUnavailable(
        f"The server ended the connection during {during}: the server has crashed, somebody has"
        " ended its sessions, or the network has failed.",
        "Read the log of the server, and run this again.",
    )


def _host(url: URL) -> str | None:
    return url.host or _query(url, "host")


def _query(url: URL, key: str) -> str | None:
    value = url.query.get(key)
    return ",".join(value) if isinstance(value, tuple) else value
