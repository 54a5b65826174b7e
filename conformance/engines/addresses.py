"""The address of a database in the form that each driver expects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import URL

#: Names of PostgreSQL in a URL: SQLAlchemy's, libpq's, and that of both TimescaleDB dialects.
BACKENDS = frozenset({"postgresql", "postgres", "timescaledb"})

#: Parameters of a driver that configure a session, and do not address a server.
_BEHAVIOUR = {
    "libpq": (
        "application_name", "client_encoding", "options", "connect_timeout", "connection_factory",
        "cursor_factory", "autocommit", "row_factory", "prepare_threshold", "context",
    ),
    "asyncpg": (
        "server_settings", "command_timeout", "statement_cache_size",
        "max_cached_statement_lifetime", "max_cacheable_statement_size", "connection_class",
        "record_class", "loop", "prepared_statement_cache_size", "prepared_statement_name_func",
    ),
}  # fmt: skip
#: Parameters that asyncpg only accepts in a DSN, under libpq's names.
_IN_ASYNCPGS_DSN = (
    "sslmode", "sslcert", "sslkey", "sslrootcert", "sslcrl", "sslpassword",
    "ssl_min_protocol_version", "ssl_max_protocol_version", "passfile", "target_session_attrs",
)  # fmt: skip
#: Parameters that only asyncpg or SQLAlchemy's dialect for it knows; the others are libpq's.
_ASYNCPGS_OWN = frozenset({*_BEHAVIOUR["asyncpg"], "timeout", "async_fallback", "direct_tls"})
#: Value of asyncpg's `?ssl=` -> libpq's `sslmode`.
_SSL_MODES = {"true": "require", "1": "require", "false": "disable", "0": "disable"}


def for_libpq(url: URL) -> URL:
    """The URL with libpq's names in its query, as psycopg2 and psycopg 3 take them.

    asyncpg's `?ssl=` becomes libpq's `?sslmode=`.
    """
    query = {name: value for name, value in url.query.items() if name not in _ASYNCPGS_OWN}
    ssl = query.pop("ssl", None)
    if isinstance(ssl, str):
        query.setdefault("sslmode", _SSL_MODES.get(ssl.lower(), ssl))
    return url.set(query=query)


def written_for(url: URL, drivername: str) -> URL:
    """The URL in SQLAlchemy's form for this dialect and driver."""
    if drivername.endswith("+asyncpg"):
        mode = url.query.get("sslmode")
        url = url.set(query={} if mode is None else {"ssl": mode})
    return url.set(drivername=drivername)


def leads(driver: str) -> bool:
    """Whether `parameters_to` knows the driver."""
    return driver in {"psycopg2", "psycopg", "asyncpg"}


def parameters_to(driver: str, url: URL, given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters with which the driver connects to the database of the URL.

    Args:
        driver: psycopg2, psycopg or asyncpg.
        url: the address, with libpq's names in its query.
        given: parameters of another connection; those that configure the session are kept.
    """
    wanted = _asyncpgs(url) if driver == "asyncpg" else libpq_parameters(url)
    behaviour = _BEHAVIOUR["asyncpg" if driver == "asyncpg" else "libpq"]
    return {name: given[name] for name in behaviour if name in given} | wanted


def libpq_parameters(url: URL) -> dict[str, Any]:
    """The connection parameters of the URL, by libpq's names."""
    dialect = url.set(drivername="postgresql+psycopg2").get_dialect()()
    return dict(dialect.create_connect_args(url)[1])


def _asyncpgs(url: URL) -> dict[str, Any]:
    known = libpq_parameters(url)
    dsn = {name: known[name] for name in _IN_ASYNCPGS_DSN if name in known}
    hosts = str(known.get("hostaddr") or known.get("host") or "").split(",")
    ports = [int(port) for port in str(known.get("port") or "").split(",") if port]
    found = {
        "dsn": f"postgresql://?{urlencode(dsn)}" if dsn else None,
        "host": _one_or_more([host for host in hosts if host]),
        "port": _one_or_more(ports),
        "user": known.get("user"),
        "password": known.get("password"),
        "database": known.get("dbname"),
    }
    return {name: value for name, value in found.items() if value is not None}


def _one_or_more(values: list[Any]) -> Any:
    """The list, its only value, or None if it is empty; asyncpg accepts all three."""
    return values if len(values) > 1 else next(iter(values), None)
