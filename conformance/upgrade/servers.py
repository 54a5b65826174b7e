"""The servers of a rehearsal: both sides, and how to transfer data between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.upgrade.failures import WayUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from sqlalchemy import URL

    from conformance.upgrade.dumping import Client
    from conformance.upgrade.sides import ServerEngine, Side

    #: A database, and the server that it was moved to.
    Moved = AbstractContextManager[tuple[URL, ServerEngine]]


@dataclass(frozen=True)
class Servers:
    """Both sides, and how to transfer data between them.

    Attributes:
        client: runs pg_dump and pg_restore.
        folder: a folder that the client can write to.
        url_for_client: gives the URL by which the client reaches a database of a side.
        moved: moves a database from the old to the new server. The old server may be stopped then;
            raises WayUnavailable if the new server cannot read the old server's files.
        how_moved: how the database was moved, as text; empty if both sides are one server.
    """

    old: Side
    new: Side
    client: Client
    folder: str
    url_for_client: Callable[[Side, URL], URL]
    moved: Callable[[URL], Moved]
    how_moved: str = ""

    def check_files(self, both: str) -> None:
        """Check that the new server can read the old server's files.

        Args:
            both: what pg_upgrade needs to contain both versions of PostgreSQL.

        Raises:
            WayUnavailable: the new server has another major version.
        """
        if self.old.postgresql != self.new.postgresql:
            raise WayUnavailable(
                f"PostgreSQL {self.new.postgresql} cannot read the files of PostgreSQL "
                f"{self.old.postgresql}; pg_upgrade needs both in {both}, with the same TimescaleDB"
            )
