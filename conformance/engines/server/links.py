"""What another thread sees of a connection of any driver: where it leads, and whether it waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg2.extensions import TRANSACTION_STATUS_ACTIVE
from sqlalchemy import AdaptedConnection

if TYPE_CHECKING:
    from collections.abc import Collection


@dataclass(frozen=True)
class Link:
    """A connection of psycopg2 or psycopg.

    Its methods raise errors of the driver if the connection is closed meanwhile.

    Attributes:
        connection: the driver's connection.
    """

    connection: Any

    @property
    def pid(self) -> int:
        """The process of the server."""
        return int(self.connection.info.backend_pid)

    @property
    def waits(self) -> bool:
        """Whether a statement was sent that is not answered."""
        return bool(self.connection.info.transaction_status == TRANSACTION_STATUS_ACTIVE)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return self.connection.info.host, self.connection.info.port

    def leads_to(self, hosts: Collection[str], ports: Collection[str]) -> bool:
        """Whether the connection is one to these; an empty collection is every one."""
        host, port = self.address
        return (not hosts or host in hosts) and (not ports or str(port) in ports)

    def fileno(self) -> int:
        """The socket."""
        return int(self.connection.fileno())


@dataclass(frozen=True)
class AsyncpgLink(Link):
    """A connection of asyncpg, which tells SQLAlchemy alone whether it executes a statement.

    Attributes:
        executing: SQLAlchemy's lock of the connection. A COMMIT does not take it.
    """

    executing: Any

    @property
    def pid(self) -> int:
        """The process of the server."""
        return int(self.connection.get_server_pid())

    @property
    def waits(self) -> bool:
        """Whether a statement was sent that is not answered."""
        return bool(self.executing.locked())

    @property
    def address(self) -> tuple[str, int]:
        """Host and port; a socket of Unix has the path alone."""
        found = self.connection._addr  # noqa: SLF001 - there is no public way to it
        return (found, 0) if isinstance(found, str) else (str(found[0]), int(found[1]))

    def fileno(self) -> int:
        """The socket."""
        transport = self.connection._transport  # noqa: SLF001 - there is no public way to it
        return int(transport.get_extra_info("socket").fileno())


def link_of(connection: Any) -> Link | None:
    """The link of a connection as SQLAlchemy's pool has it; None: of another driver, or closed."""
    driver = connection
    if isinstance(connection, AdaptedConnection):
        driver = connection.driver_connection
    if hasattr(driver, "info"):
        return Link(driver)
    executing = getattr(connection, "_execute_mutex", None)
    return AsyncpgLink(driver, executing) if executing is not None else None
