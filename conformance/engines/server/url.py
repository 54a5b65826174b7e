"""The engine `url`: it creates its databases on an existing server."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from conformance.engines.connecting import parse_url, place
from conformance.engines.server.answering import Answering
from conformance.engines.server.on_server import EngineOnServer

if TYPE_CHECKING:
    from sqlalchemy import URL


class UrlEngine(EngineOnServer):
    """TimescaleDB on a running server.

    Args:
        url: the address of the server, as text in any usual form or as a SQLAlchemy URL.

    Raises:
        EngineUnavailable: the URL cannot be read, or does not name a PostgreSQL database.
    """

    name = "url"

    def __init__(self, url: URL | str) -> None:
        super().__init__()
        self._url = parse_url(url)
        self._watched = ExitStack()

    @property
    def description(self) -> str:
        """Where the server is."""
        return f"server at {place(self._url)}"

    def start(self) -> None:
        """Check that the server is suitable, and probe it.

        Raises:
            EngineUnavailable: the connection fails, or the role may not create databases.
            ServerUnsupported: TimescaleDB is missing, or its version is not supported.
        """
        self._watched.enter_context(Answering(self._url))
        try:
            self._open(self._url, is_ours=False)
        except BaseException:
            self._watched.close()
            raise

    def stop(self) -> None:
        """Drop everything that was created on the server. May be called at any time."""
        try:
            super().stop()
        finally:
            self._watched.close()
