"""Give env.py a connection, in whichever way it takes one."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import Connection

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from alembic.config import Config


@contextmanager
def given(config: Config, connection: Connection) -> Iterator[None]:
    """Give env.py the connection, as `config.attributes["connection"]`.

    Alembic's documentation gives env.py a connection there, pytest-alembic's an engine, which may
    be asynchronous. One that takes it for an engine, and calls connect(), gets the connection; when
    it closes it, that is rolled back, as one of an engine would be.
    """
    before = type(connection)
    connection.__class__ = _Given
    config.attributes["connection"] = connection
    try:
        yield
    finally:
        config.attributes.pop("connection", None)
        vars(connection).pop("close", None)
        connection.__class__ = before


class _Given(Connection):
    """A connection that is an engine as well, with and without `await`."""

    def connect(self) -> Self:
        """As an engine's."""
        vars(self)["close"] = self.rollback
        return self

    def dispose(self) -> _Done:
        """As an engine's; there is nothing to do."""
        return _Done()

    async def __aenter__(self) -> _Awaited:
        return _Awaited(self)

    async def __aexit__(self, *_: object) -> None:
        self.close()


class _Awaited:
    """A connection whose methods are awaited, as those of an asynchronous engine are."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def run_sync(self, work: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Do the work, with the connection as it is."""
        return work(self._connection, *arguments, **named)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._connection, name)
        if not callable(found):
            return found

        async def call(*arguments: Any, **named: Any) -> Any:
            return found(*arguments, **named)

        return call


class _Done:
    """May be awaited, or not."""

    def __await__(self) -> Generator[None, None, None]:
        yield from ()
