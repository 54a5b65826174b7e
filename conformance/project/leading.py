"""Redirect the connections that a project's code opens to one database, or refuse them.

SQLAlchemy's event `do_connect` redirects the connections of engines. An engine's `creator` and code
that calls a driver bypass the event: those connections are redirected inside the driver. An engine
that outlives a migration may hold connections of that migration: they are replaced by new ones.
"""

from __future__ import annotations

import importlib
import socket
import threading
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import AdaptedConnection, Engine, Pool, event
from sqlalchemy.exc import DisconnectionError

from conformance.engines.addresses import BACKENDS, leads, parameters_to
from conformance.errors import MigrationFailed
from conformance.project.configuration import SECTION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sqlalchemy import URL, Dialect
    from sqlalchemy.pool import ConnectionPoolEntry

#: The key of the rule in the `info` of a pooled connection that was opened under it.
_MARK = "conformance rule"


@dataclass(eq=False)
class _Rule:
    """Which database the connections of a thread are redirected to.

    Attributes:
        url: the database; None: connections are refused.
        refusal: creates the error of a connection where connections are refused.
        opened: the pooled connections that were opened under the rule.
    """

    url: URL | None
    refusal: Callable[[], MigrationFailed] | None = None
    thread: int = field(default_factory=threading.get_ident)
    opened: list[ConnectionPoolEntry] = field(default_factory=list)

    def refused(self) -> MigrationFailed:
        """The error of a connection under a rule without a database."""
        assert self.refusal is not None
        return self.refusal()


class Opener(Protocol):
    """How the redirected connections of psycopg2 are opened."""

    #: psycopg2's `connection_factory`.
    factory: Any

    def other_driver(self, driver: str) -> Exception:
        """The error for a connection of another driver."""


_rules: list[_Rule] = []
_openers: list[Opener] = []
_installed = ExitStack()


@contextmanager
def redirecting_to(url: URL) -> Iterator[None]:
    """Redirect every connection that this thread opens to this database.

    Other threads are not redirected: they belong to the suite.
    """
    with _applied(_Rule(url)):
        yield


@contextmanager
def refusing(refusal: Callable[[], MigrationFailed]) -> Iterator[None]:
    """Refuse every connection that this thread opens, also inside of `redirecting_to`.

    Raises:
        MigrationFailed: the result of `refusal`, when a connection is opened.
    """
    with _applied(_Rule(None, refusal)):
        yield


@contextmanager
def opened_by(opener: Opener) -> Iterator[None]:
    """Open every redirected connection of psycopg2 by its factory; refuse other drivers."""
    _openers.append(opener)
    try:
        yield
    finally:
        _openers.remove(opener)


def _unknown_driver(dialect: Dialect) -> MigrationFailed:
    return MigrationFailed(
        f"env.py or a revision connects to {dialect.name} through {dialect.driver}, whose"
        " connections cannot be redirected to the suite's database; the connection was refused.",
        "Connect with psycopg2, psycopg or asyncpg, or use the connection in"
        ' config.attributes["connection"].'
        if dialect.name in BACKENDS
        else "Let the project's settings choose PostgreSQL: give their variables in"
        f" [{SECTION}.environment] of pyproject.toml.",
    )


@contextmanager
def _applied(rule: _Rule) -> Iterator[None]:
    if not _rules:
        _install()
    _rules.append(rule)
    try:
        yield
    finally:
        _rules.remove(rule)
        if not _rules:
            _installed.close()
        _close_all(rule)


def _rule() -> _Rule | None:
    """The innermost rule of this thread; a rule that refuses precedes rules that redirect."""
    ident = threading.get_ident()
    own = [rule for rule in reversed(_rules) if rule.thread == ident]
    refusing_ones = [rule for rule in own if rule.url is None]
    return next(iter([*refusing_ones, *own]), None)


def _close_all(rule: _Rule) -> None:
    """Close the pooled connections of the project's engines: the database may soon be dropped.

    `entry.invalidate()` would close an asynchronous one in its event loop, which has ended. With
    SQLAlchemy 2.0 it raises AttributeError if a connection ended before the dialect was made.
    """
    for entry in rule.opened:
        if isinstance(entry.dbapi_connection, AdaptedConnection):
            _cut(entry.driver_connection)
        elif entry.dbapi_connection is not None:
            entry.dbapi_connection.close()
        entry.dbapi_connection = None  # type: ignore[misc] # the class of all entries has it


def _cut(connection: Any) -> None:
    """Close the socket of an asynchronous driver's connection: psycopg's, or asyncpg's."""
    with suppress(Exception):
        if hasattr(connection, "pgconn"):
            connection.pgconn.finish()
        else:
            transport = connection._transport  # noqa: SLF001 - there is no public way to it
            transport.get_extra_info("socket").shutdown(socket.SHUT_RDWR)


def _install() -> None:
    """Listen to every connection of this process."""
    for target, name, handler in (
        (Engine, "do_connect", _on_do_connect),
        (Pool, "connect", _on_connect),
        (Pool, "checkout", _on_checkout),
    ):
        event.listen(target, name, handler)
        _installed.callback(event.remove, target, name, handler)
    for install in (_patch_psycopg2, _patch_psycopg, _patch_asyncpg):
        install()


def _on_do_connect(
    dialect: Dialect, _entry: object, _positional: Sequence[Any], given: dict[str, Any]
) -> Any:
    """The redirected connection; None: SQLAlchemy connects by itself."""
    rule = _rule()
    if rule is None:
        return None
    if rule.url is None:
        raise rule.refused()
    if not leads(dialect.driver):
        raise _unknown_driver(dialect)
    return dialect.connect(**parameters_to(dialect.driver, rule.url, given))


def _on_connect(_connection: object, entry: ConnectionPoolEntry) -> None:
    rule = _rule()
    if rule is not None:
        entry.info[_MARK] = rule
        rule.opened.append(entry)


def _on_checkout(_connection: object, entry: ConnectionPoolEntry, _proxy: object) -> None:
    """Make SQLAlchemy replace a pooled connection that was opened under another rule."""
    rule = _rule()
    if rule is not None and entry.info.get(_MARK) is not rule:
        raise DisconnectionError("the connection was opened before the migration")


def _redirected(driver: str, given: Mapping[str, Any]) -> dict[str, Any] | None:
    """The parameters of a redirected connection of a driver; None: the given ones stay."""
    rule = _rule()
    if rule is None:
        return None
    if rule.url is None:
        raise rule.refused()
    if _openers and driver != "psycopg2":
        raise _openers[-1].other_driver(driver)
    return parameters_to(driver, rule.url, given)


def _replace(module: Any, name: str, made: Callable[[Any], Any]) -> None:
    before = getattr(module, name, None)
    if before is not None:
        setattr(module, name, made(before))
        _installed.callback(setattr, module, name, before)


def _patch_psycopg2() -> None:
    extensions = importlib.import_module("psycopg2.extensions")
    _patch("psycopg2", "psycopg2._connect", extensions.parse_dsn, extensions.make_dsn)


def _patch_psycopg() -> None:
    if find_spec("psycopg") is not None:
        conninfo = importlib.import_module("psycopg.conninfo")
        read, write = conninfo.conninfo_to_dict, conninfo.make_conninfo
        _patch("psycopg", "psycopg.generators.connect", read, write)


def _patch(driver: str, where: str, read: Callable[[str], Any], write: Callable[..., str]) -> None:
    """Redirect the function of a driver that connects by a text, which both functions handle."""
    module, _, name = where.rpartition(".")

    def made(before: Any) -> Any:
        def connect(text: str, *arguments: Any, **options: Any) -> Any:
            redirected = _redirected(driver, read(text))
            if redirected is not None and _openers:
                options["connection_factory"] = _openers[-1].factory
            text = text if redirected is None else write(**redirected)
            return before(text, *arguments, **options)

        return connect

    _replace(importlib.import_module(module), name, made)


def _patch_asyncpg() -> None:
    if find_spec("asyncpg") is None:
        return
    connecting = importlib.import_module("asyncpg.connect_utils")

    def made(before: Any) -> Any:
        async def connect(**given: Any) -> Any:
            redirected = _redirected("asyncpg", given)
            if redirected is None:
                return await before(**given)
            # asyncpg requires every parameter.
            return await before(**(dict.fromkeys(given) | redirected))

        return connect

    _replace(connecting, "_connect", made)
