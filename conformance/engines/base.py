"""The protocol that every engine implements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from sqlalchemy import URL

    from conformance.comparing.capabilities import Capabilities, Server


@dataclass(frozen=True)
class Template:
    """A prepared state of a database, of which an engine can make many databases.

    Attributes:
        name: a short word for messages and database names: lower-case letters and `_`.
        key: a hash of everything that the state depends on, except the server itself, which the
            engine adds. The engine reuses a kept state with the same name and key.
        prepare: brings the empty database at the URL into the state.
    """

    name: str
    key: str
    prepare: Callable[[URL], None]


class Engine(Protocol):
    """A source of TimescaleDB databases.

    `start` starts the server, or raises `EngineUnavailable` or `ServerUnsupported`. `stop` removes
    everything, and may be called at any time, also twice. All URLs are complete SQLAlchemy URLs
    with the psycopg2 driver.
    """

    #: `embedded`, `local`, `container` or `url`.
    name: str

    @property
    def description(self) -> str:
        """What the engine is and where it runs, for messages; without a password."""

    @property
    def server(self) -> Server:
        """Versions and edition of the running server."""

    @property
    def capabilities(self) -> Capabilities:
        """What the running server can do."""

    @property
    def build(self) -> str | None:
        """What identifies the server's code, which then answers alike in each new database.

        None: the next run may meet other code.
        """

    def start(self) -> None:
        """Start the server and probe it."""

    def database(self, template: Template | None = None) -> AbstractContextManager[URL]:
        """A new database, empty or in the state of the template; dropped at the end.

        An empty database does not even have the timescaledb extension.
        """

    def anticipate(self, template: Template) -> None:
        """Prepare for a call of `database` with this template: begin with what takes time.

        Raises nothing; `database` raises the errors.
        """

    @property
    def server_url(self) -> str | None:
        """The URL of the server, with the password: for another process, never for messages.

        None if other processes cannot reach the server.
        """

    def use(self, version: str) -> None:
        """Probe the server with this version of TimescaleDB, which the databases will have.

        Raises:
            EngineUnavailable: the server does not offer the version.
        """

    def restart(self) -> None:
        """Restart the server, if `capabilities.restartable`; all sessions end."""

    def stop(self) -> None:
        """Stop the server, or drop what the engine created on it."""
