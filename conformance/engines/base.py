"""The protocol that every engine keeps."""

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
    """A prepared state of a database that an engine can hand out again and again.

    Attributes:
        name: a short word for people and for database names: lower-case letters and `_`.
        key: a hash of everything that goes into the state, except the server itself, which the
            engine adds. Equal keys mean that a kept copy may be used instead of preparing anew.
        prepare: brings the empty database at the URL into the state.
    """

    name: str
    key: str
    prepare: Callable[[URL], None]


class Engine(Protocol):
    """Where a TimescaleDB comes from.

    `start` makes it ready or raises `EngineUnavailable` or `ServerUnsupported`; `stop` leaves
    nothing behind and may be called at any time, also twice. All URLs are complete SQLAlchemy
    URLs with the psycopg2 driver.
    """

    #: `embedded`, `local`, `container` or `url`.
    name: str

    @property
    def description(self) -> str:
        """For people: the kind and where it runs, never a password."""

    @property
    def server(self) -> Server:
        """Versions and edition of the running server."""

    @property
    def capabilities(self) -> Capabilities:
        """What the running server can do."""

    def start(self) -> None:
        """Make the server ready and probe it."""

    def database(self, template: Template | None = None) -> AbstractContextManager[URL]:
        """A database of one's own, empty or in the template's state, gone at the end.

        Empty means that not even the timescaledb extension exists in it.
        """

    def anticipate(self, template: Template) -> None:
        """A database in this state will be asked for soon: begin with what takes time.

        Only a hint. Nothing is raised; what goes wrong shows when the database is asked for.
        """

    @property
    def server_url(self) -> str | None:
        """Where the server is, with the password: for another process of ours, never for people.

        None where no other process can reach it.
        """

    def use(self, version: str) -> None:
        """The databases have TimescaleDB in this version: learn what the server can do with it.

        Raises:
            EngineUnavailable: the server does not offer the version.
        """

    def restart(self) -> None:
        """Restart the server, where `capabilities.restartable`; sessions end."""

    def stop(self) -> None:
        """End the server, or remove what was created on it."""
