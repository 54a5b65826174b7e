"""Lead the connections that somebody's code opens to a database of ours, or refuse them.

SQLAlchemy's event `do_connect` stands before every connection of an engine. An engine's `creator`
and code that calls a driver pass it by: they are led within the driver. An engine that outlives a
migration may hold connections of an earlier one: those are opened anew.
"""

from __future__ import annotations

import importlib
import socket
import threading
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from sqlalchemy import AdaptedConnection, Engine, Pool, event
from sqlalchemy.exc import DisconnectionError

from conformance.engines.addresses import leads, parameters_to
from conformance.errors import MigrationFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sqlalchemy import URL, Dialect
    from sqlalchemy.pool import ConnectionPoolEntry

#: Under which a connection of a pool knows the rule that it was opened under.
_MARK = "conformance rule"


@dataclass(eq=False)
class _Rule:
    """Where connections of a thread lead.

    Attributes:
        url: to this database; None: they are refused.
        refusal: the error of a refused connection.
        opened: the connections that engines opened under the rule.
    """

    url: URL | None
    refusal: Callable[[], MigrationFailed]
    thread: int = field(default_factory=threading.get_ident)
    opened: list[ConnectionPoolEntry] = field(default_factory=list)


_rules: list[_Rule] = []
_installed = ExitStack()


@contextmanager
def leading_to(url: URL) -> Iterator[None]:
    """Lead every connection that this thread opens to this database.

    Other threads are ours, and act on the server meanwhile.
    """
    with _under(_Rule(url, _unknown_driver)):
        yield


@contextmanager
def refusing(refusal: Callable[[], MigrationFailed]) -> Iterator[None]:
    """Refuse every connection that this thread opens, also where it would be led.

    Raises:
        MigrationFailed: of `refusal`, where one is opened.
    """
    with _under(_Rule(None, refusal)):
        yield


def _unknown_driver() -> MigrationFailed:
    return MigrationFailed(
        "env.py or a revision connects through a driver whose connections cannot be led to the"
        " suite's database; the connection was refused.",
        'Let it use psycopg2, psycopg or asyncpg, or config.attributes["connection"].',
    )


@contextmanager
def _under(rule: _Rule) -> Iterator[None]:
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
    """The innermost of this thread; one that refuses comes before all that lead."""
    ident = threading.get_ident()
    own = [rule for rule in reversed(_rules) if rule.thread == ident]
    refusing_ones = [rule for rule in own if rule.url is None]
    return next(iter([*refusing_ones, *own]), None)


def _close_all(rule: _Rule) -> None:
    """End what the engines of others keep open: the database may be gone at any time."""
    for entry in rule.opened:
        if isinstance(entry.dbapi_connection, AdaptedConnection):
            _cut(entry.driver_connection)
            # SQLAlchemy would say goodbye, for which its event loop is needed, which has ended.
            entry.dbapi_connection = None
        else:
            entry.invalidate()


def _cut(connection: Any) -> None:
    """Close the socket of an asynchronous driver's connection: psycopg's, or asyncpg's."""
    with suppress(Exception):
        if hasattr(connection, "pgconn"):
            connection.pgconn.finish()
        else:
            transport = connection._transport  # noqa: SLF001 - there is no public way to it
            transport.get_extra_info("socket").shutdown(socket.SHUT_RDWR)


def _install() -> None:
    """Stand before every connection of this process."""
    for target, name, handler in (
        (Engine, "do_connect", _connecting),
        (Pool, "connect", _connected),
        (Pool, "checkout", _taken),
    ):
        event.listen(target, name, handler)
        _installed.callback(event.remove, target, name, handler)
    for install in (_into_psycopg2, _into_psycopg, _into_asyncpg):
        install()


def _connecting(
    dialect: Dialect, _entry: object, _positional: Sequence[Any], given: dict[str, Any]
) -> Any:
    """SQLAlchemy takes what is returned for the new connection."""
    rule = _rule()
    if rule is None:
        return None
    if rule.url is None or not leads(dialect.driver):
        raise rule.refusal()
    return dialect.connect(**parameters_to(dialect.driver, rule.url, given))


def _connected(_connection: object, entry: ConnectionPoolEntry) -> None:
    rule = _rule()
    if rule is not None:
        entry.info[_MARK] = rule
        rule.opened.append(entry)


def _taken(_connection: object, entry: ConnectionPoolEntry, _proxy: object) -> None:
    """SQLAlchemy opens a connection anew where this says that the one in the pool is dead."""
    rule = _rule()
    if rule is not None and entry.info.get(_MARK) is not rule:
        raise DisconnectionError("it was opened before the migration")


def _led(driver: str, given: Mapping[str, Any]) -> dict[str, Any] | None:
    """The parameters of a connection that code opens without an engine; None: those given."""
    rule = _rule()
    if rule is None:
        return None
    if rule.url is None:
        raise rule.refusal()
    return parameters_to(driver, rule.url, given)


def _replace(module: Any, name: str, made: Callable[[Any], Any]) -> None:
    before = getattr(module, name, None)
    if before is not None:
        setattr(module, name, made(before))
        _installed.callback(setattr, module, name, before)


def _into_psycopg2() -> None:
    psycopg2 = importlib.import_module("psycopg2")
    extensions = importlib.import_module("psycopg2.extensions")

    def made(before: Any) -> Any:
        def connect(dsn: str, *arguments: Any, **options: Any) -> Any:
            led = _led("psycopg2", extensions.parse_dsn(dsn))
            dsn = dsn if led is None else extensions.make_dsn(**led)
            return before(dsn, *arguments, **options)

        return connect

    _replace(psycopg2, "_connect", made)


def _into_psycopg() -> None:
    if find_spec("psycopg") is None:
        return
    generators = importlib.import_module("psycopg.generators")
    conninfo = importlib.import_module("psycopg.conninfo")

    def made(before: Any) -> Any:
        def connect(text: str, *arguments: Any, **options: Any) -> Any:
            led = _led("psycopg", conninfo.conninfo_to_dict(text))
            text = text if led is None else conninfo.make_conninfo(**led)
            return before(text, *arguments, **options)

        return connect

    _replace(generators, "connect", made)


def _into_asyncpg() -> None:
    if find_spec("asyncpg") is None:
        return
    connecting = importlib.import_module("asyncpg.connect_utils")

    def made(before: Any) -> Any:
        async def connect(**given: Any) -> Any:
            led = _led("asyncpg", given)
            # Each parameter must be there.
            return await before(**(given if led is None else dict.fromkeys(given) | led))

        return connect

    _replace(connecting, "_connect", made)
