"""Pass env.py a connection in every form that it may expect."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from alembic.runtime.environment import EnvironmentContext
from sqlalchemy import Connection

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from alembic.config import Config


@contextmanager
def passed_to_env(config: Config, connection: Connection) -> Iterator[None]:
    """Pass env.py the connection in `config.attributes["connection"]`.

    Alembic's documentation passes a connection there, that of pytest-alembic an engine, which may
    be asynchronous. An env.py that expects an engine and calls connect() gets the connection.
    Closing the connection then rolls it back, as for a connection of an engine. An env.py that only
    prints SQL configures no connection, and gets it, too.
    """
    before = type(connection)
    own = EnvironmentContext.configure

    def configure(
        self: EnvironmentContext, connection: Any = None, *others: Any, **options: Any
    ) -> None:
        if connection is None and not self.is_offline_mode():
            # Alembic allows literal_binds in offline mode only.
            connection, options["literal_binds"] = self.config.attributes["connection"], False
        own(self, connection, *others, **options)

    connection.__class__ = _EnvConnection
    config.attributes["connection"] = connection
    EnvironmentContext.configure = configure  # type: ignore[method-assign]
    try:
        yield
    finally:
        EnvironmentContext.configure = own  # type: ignore[method-assign]
        config.attributes.pop("connection", None)
        vars(connection).pop("close", None)
        connection.__class__ = before


class _EnvConnection(Connection):
    """A connection that can also be used as an engine, with and without `await`."""

    def connect(self) -> Self:
        """Return the connection, as an engine would."""
        vars(self)["close"] = self.rollback
        return self

    def dispose(self) -> _Done:
        """Do nothing; an engine would close its pool."""
        return _Done()

    async def __aenter__(self) -> _Awaited:
        return _Awaited(self)

    async def __aexit__(self, *_: object) -> None:
        self.close()


class _Awaited:
    """A connection with asynchronous methods, like a connection of an asynchronous engine."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def run_sync(self, work: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Call the function with the synchronous connection."""
        return work(self._connection, *arguments, **named)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._connection, name)
        if not callable(found):
            return found

        async def call(*arguments: Any, **named: Any) -> Any:
            return found(*arguments, **named)

        return call


class _Done:
    """A result that may be awaited, or not."""

    def __await__(self) -> Generator[None, None, None]:
        yield from ()
