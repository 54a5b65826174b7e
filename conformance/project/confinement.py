"""While somebody's migration runs: no database can be reached but the one that it is meant for."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, event

from conformance.errors import MigrationFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from alembic.config import Config
    from sqlalchemy import URL

#: PostgreSQL's own.
_PORT = 5432


class OwnConnection(MigrationFailed):
    """env.py connects by itself where only the connection that it is given would do."""


@contextmanager
def confined(config: Config, url: URL) -> Iterator[None]:
    """Like `only_to`, and `sqlalchemy.url` names the database as well.

    The env.py that `alembic init` writes knows no other connection than that of `sqlalchemy.url`,
    and an ini file often names a developer's database or worse.
    """
    # In an ini file a percent sign is doubled.
    address = url.render_as_string(hide_password=False).replace("%", "%%")
    config.set_main_option("sqlalchemy.url", address)
    with only_to(url):
        yield


@contextmanager
def only_to(url: URL) -> Iterator[None]:
    """Let this thread connect to this database only, and name it to an env.py that asks.

    A migration must never reach a database that is not ours, even where its env.py ignores the
    connection that it is given. Other threads are ours, and act on the server meanwhile.
    """

    def check(parameters: Mapping[str, Any]) -> None:
        if _place(parameters) != wanted:
            raise MigrationFailed(
                "env.py connects to a database of its own choice; the connection was refused.",
                'Let it use config.attributes["connection"], or DATABASE_URL.',
            )

    # A URL may name its host in more than one way.
    wanted = _place(url.get_dialect()().create_connect_args(url)[1])
    before = os.environ.get("DATABASE_URL")
    os.environ["DATABASE_URL"] = url.render_as_string(hide_password=False)
    try:
        with _before_connecting(check):
            yield
    finally:
        if before is None:
            del os.environ["DATABASE_URL"]
        else:
            os.environ["DATABASE_URL"] = before


@contextmanager
def no_other_connection() -> Iterator[None]:
    """Refuse every connection that this thread opens: env.py is to use the one it is given.

    One of its own would neither see what the caller's transaction did nor get past its locks, and
    wait for it without end; nor would the caller hear what the server says there.

    Raises:
        OwnConnection: env.py connects by itself.
    """

    def refuse(_: Mapping[str, Any]) -> None:
        raise OwnConnection(
            "env.py connects by itself, and not through the connection that it is given.",
            'Let it run the migrations on config.attributes["connection"] where that is set.',
        )

    with _before_connecting(refuse):
        yield


@contextmanager
def _before_connecting(check: Callable[[Mapping[str, Any]], None]) -> Iterator[None]:
    """Call `check` with psycopg2's parameters of each connection that this thread is to open."""

    def connecting(
        _dialect: Any, _record: Any, _arguments: Any, parameters: Mapping[str, Any]
    ) -> None:
        if threading.get_ident() == thread:
            check(parameters)

    thread = threading.get_ident()
    event.listen(Engine, "do_connect", connecting)
    try:
        yield
    finally:
        event.remove(Engine, "do_connect", connecting)


def _place(parameters: Mapping[str, Any]) -> tuple[object, ...]:
    """Host, port and database of psycopg2's parameters."""
    database = parameters.get("dbname", parameters.get("database"))
    return parameters.get("host"), int(parameters.get("port") or _PORT), database
