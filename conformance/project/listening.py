"""Collect the notices of the server on the connections of a migration, for every driver."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from psycopg2.extensions import connection as psycopg2_connection
from psycopg2.extensions import cursor as psycopg2_cursor
from sqlalchemy import AdaptedConnection, Engine, event

from conformance.project.notices import Notices

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection


def driver_connection(connection: Connection) -> Any:
    """The driver's connection; SQLAlchemy wraps an asynchronous one in a synchronous one."""
    return connection.connection.dbapi_connection


def unrecorded_cursor(raw: Any) -> AbstractContextManager[Any]:
    """A cursor whose statements are not recorded."""
    if isinstance(raw, psycopg2_connection):
        return closing(raw.cursor(cursor_factory=psycopg2_cursor))
    return closing(raw.cursor())


#: The notices of connections whose driver calls a function with each notice.
_collected: WeakKeyDictionary[Any, Notices] = WeakKeyDictionary()


def notices_of(connection: Any) -> Notices:
    """The notices that the connection receives from now on.

    Args:
        connection: a connection of psycopg2, psycopg or asyncpg, as SQLAlchemy has it.
    """
    if isinstance(connection, AdaptedConnection):
        connection = connection.driver_connection
    if hasattr(connection, "notices"):
        if not isinstance(connection.notices, Notices):
            connection.notices = Notices()
        notices: Notices = connection.notices
        return notices
    if connection not in _collected:
        _collected[connection] = Notices()
        _add_handler(connection, _collected[connection])
    return _collected[connection]


@contextmanager
def collected_notices(connection: Connection) -> Iterator[list[str]]:
    """The notices on this connection, and on connections that engines open in the block.

    The list is empty until the block ends.
    """
    collected = [notices_of(driver_connection(connection))]
    for notices in collected:
        notices.take()

    def opened(other: Connection) -> None:
        collected.append(notices_of(driver_connection(other)))

    texts: list[str] = []
    event.listen(Engine, "engine_connect", opened)
    try:
        yield texts
    finally:
        event.remove(Engine, "engine_connect", opened)
        for notices in collected:
            texts += notices.take()


def _add_handler(connection: Any, notices: Notices) -> None:
    """Collect notices in the format of libpq, which psycopg2 uses."""
    if hasattr(connection, "add_notice_handler"):  # psycopg
        connection.add_notice_handler(
            lambda notice: notices.append(f"{notice.severity}:  {notice.message_primary}")
        )
    else:  # asyncpg
        connection.add_log_listener(
            lambda _, notice: notices.append(f"{notice.severity}:  {notice.message}")
        )
