"""An engine on somebody's server: everything happens in databases of our own there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.engines.connecting import parse_url, place
from conformance.engines.server.on_server import EngineOnServer

if TYPE_CHECKING:
    from sqlalchemy import URL


class UrlEngine(EngineOnServer):
    """TimescaleDB on a server that runs already.

    Args:
        url: where; as people write it or as an SQLAlchemy URL.

    Raises:
        EngineUnavailable: the URL cannot be read or is not one of a PostgreSQL database.
    """

    name = "url"

    def __init__(self, url: URL | str) -> None:
        super().__init__()
        self._url = parse_url(url)

    @property
    def description(self) -> str:
        """Where the server is."""
        return f"server at {place(self._url)}"

    def start(self) -> None:
        """Check that the server suits, and probe it.

        Raises:
            EngineUnavailable: no connection, or no right to create databases.
            ServerUnsupported: no TimescaleDB that can be checked.
        """
        self._open(self._url, is_ours=False)
