"""From the text of a database URL to an open connection, or to one sentence that says why not."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

from sqlalchemy import URL, NullPool, create_engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, SQLAlchemyError

from conformance.engines.addresses import BACKENDS, for_libpq
from conformance.errors import EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

#: Seconds until a server that does not answer is given up, unless the URL says otherwise.
CONNECT_TIMEOUT = 5

#: What libpq and the server say, what it means, and what to do. libpq gives no SQLSTATE for a
#: connection that never came about, so the words are all there is; the first match counts.
_MEANINGS: tuple[tuple[str, str, str], ...] = (
    # What a server has answered comes first: libpq tells of every address that it has tried, and
    # one that refused matters only where no other answered.
    (
        r"password authentication failed|no password supplied|authentication failed for user",
        "The server at {place} refuses the password of user {user}.",
        "Check user and password in the URL; special characters must be percent-encoded.",
    ),
    (
        r"no pg_hba\.conf entry|pg_hba\.conf rejects",
        "The server at {place} admits no connection of user {user} from here.",
        "Let its administrator add a line to pg_hba.conf, or check whether SSL is required.",
    ),
    (
        r'role ".*" does not exist',
        "The server at {place} knows no user {user}.",
        "Check the user in the URL.",
    ),
    (
        r'database ".*" does not exist',
        "The server at {place} has no database {database}.",
        "Name a database that exists, such as postgres; it is only connected to.",
    ),
    (
        r"permission denied for database",
        "User {user} may not connect to database {database} at {place}.",
        "Name another database in the URL, or let its owner grant CONNECT.",
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
        "What listens at {place} is not a PostgreSQL server.",
        "Check host and port in the URL.",
    ),
    (
        r"does not support SSL|SSL (error|was required)|certificate",
        "No SSL connection comes about with {place}.",
        "Check sslmode and the certificates named in the URL.",
    ),
    (
        r"could not translate host name|name or service not known|nodename nor servname",
        "There is no host named {host}.",
        "Check the host in the URL, and that this machine can resolve names.",
    ),
    (
        r"connection refused",
        "Nothing listens at {place}.",
        "Start the server, or check host and port in the URL.",
    ),
    (
        r"timeout expired|timed out",
        "No answer from {place} in time.",
        "Check host, port and firewall, or allow more time with ?connect_timeout=SECONDS.",
    ),
    (
        r"no route to host|network is unreachable",
        "There is no way through the network to {place}.",
        "Check the host in the URL, the VPN and the firewall.",
    ),
    (
        r"no such file or directory",
        "No PostgreSQL server listens at {place}.",
        "Start the server, or name a host in the URL.",
    ),
)


def parse_url(url: str | URL) -> URL:
    """A URL as people write it, as a SQLAlchemy URL with the psycopg2 driver.

    `postgres://`, `timescaledb://`, any driver after `+`, and asyncpg's `?ssl=` are accepted.

    Raises:
        EngineUnavailable: the text is no URL, or not one of a PostgreSQL database.
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
            f"A {url.drivername}:// URL is not one of a PostgreSQL database.", f"Give {form}."
        )
    if "@" in (url.host or ""):
        raise EngineUnavailable(
            "The database URL has more than one @ before its host.",
            "Write an @ in the password as %40.",
        )
    return for_libpq(url).set(drivername="postgresql+psycopg2")


def place(url: URL) -> str:
    """Where the URL points to, for people: host and port, no user and no password."""
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
    """What the server said, without hint, context and full stop, and without the URL's secrets."""
    original = getattr(error, "orig", None) or error
    message = getattr(getattr(original, "diag", None), "message_primary", None) or str(original)
    return scrubbed(message, url).rstrip(".")


def explain_connection_error(error: BaseException, url: URL) -> EngineUnavailable:
    """The error of a failed connection attempt as one sentence and a way out.

    Args:
        error: what psycopg2 raised, bare or wrapped by SQLAlchemy.
        url: where the attempt went; its password is in no part of the result.
    """
    message = str(getattr(error, "orig", None) or error)
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
        f"No connection to {words['place']}: {scrubbed(message, url).rstrip('.')}.",
        "Check the database URL.",
    )


@contextmanager
def connect(url: URL, *, autocommit: bool = False) -> Iterator[Connection]:
    """An open connection, closed at the end, with nothing pooled.

    Args:
        url: a URL from `parse_url` or from an engine.
        autocommit: run every statement in a transaction of its own, as CREATE DATABASE needs.

    Raises:
        EngineUnavailable: no connection came about; the error says why.
    """
    if "connect_timeout" not in url.query:
        url = url.update_query_dict({"connect_timeout": str(CONNECT_TIMEOUT)})
    engine = create_engine(url, poolclass=NullPool)
    if autocommit:
        engine = engine.execution_options(isolation_level="AUTOCOMMIT")
    try:
        connection = engine.connect()
    # psycopg2 raises a ValueError over a zero byte and over what is no UTF-8.
    except (DBAPIError, ValueError) as error:
        raise explain_connection_error(error, url) from None
    with connection:
        yield connection


def is_lost_connection(error: BaseException | None) -> bool:
    """Whether the error, or one that it came from, is that of a connection that has gone."""
    while error is not None:
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            return True
        error = error.__cause__ or error.__context__
    return False


def no_connection(error: BaseException | None, url: URL) -> EngineUnavailable | None:
    """Why no new connection came about, if that is what the error is about.

    Args:
        error: anything.
        url: of the server.
    """
    while error is not None:
        # A statement that fails has a SQLSTATE, and a connection that is lost is invalidated.
        if (
            isinstance(error, OperationalError)
            and getattr(error.orig, "pgcode", None) is None
            and not error.connection_invalidated
        ):
            return explain_connection_error(error, url)
        error = error.__cause__
    return None


def lost_connection(during: str) -> EngineUnavailable:
    """The server has ended a connection while it was in use.

    Args:
        during: what was being done, as in "the migration to 0001".
    """
    return EngineUnavailable(
        f"The server ended the connection during {during}: it has crashed, or somebody has ended"
        " its sessions.",
        "See its log, and run this again.",
    )


def _host(url: URL) -> str | None:
    return url.host or _query(url, "host")


def _query(url: URL, key: str) -> str | None:
    value = url.query.get(key)
    return ",".join(value) if isinstance(value, tuple) else value
