"""What an upgrade is rehearsed on: both ends, and how data come from one to the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.upgrade.failures import WayNotOpen

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from sqlalchemy import URL

    from conformance.upgrade.dumping import Client
    from conformance.upgrade.sides import ServerEngine, Side

    #: A database under the server that it was moved to.
    Moved = AbstractContextManager[tuple[URL, ServerEngine]]


@dataclass(frozen=True)
class Servers:
    """Both ends, and how data come from one to the other.

    Attributes:
        client: runs pg_dump and pg_restore.
        folder: where it may write.
        seen_by_client: a URL of one end as the client reaches it.
        moved: a database of the old end under the new end's server. The old end may be gone then;
            raises WayNotOpen where the new server cannot read the old one's files.
        how_moved: how it got there, for people; empty where both ends are one server.
    """

    old: Side
    new: Side
    client: Client
    folder: str
    seen_by_client: Callable[[Side, URL], URL]
    moved: Callable[[URL], Moved]
    how_moved: str = ""

    def check_files(self, both: str) -> None:
        """See that the new server can read the old one's files.

        Args:
            both: where pg_upgrade would have to have both versions of PostgreSQL.

        Raises:
            WayNotOpen: it cannot.
        """
        if self.old.postgresql != self.new.postgresql:
            raise WayNotOpen(
                f"PostgreSQL {self.new.postgresql} cannot read the files of PostgreSQL "
                f"{self.old.postgresql}; pg_upgrade needs both in {both}, with the same TimescaleDB"
            )
