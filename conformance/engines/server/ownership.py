"""Which databases on a shared server a run created, and which are leftovers of dead runs.

A run draws a random number. The names of its databases contain the number and a check sum. As long
as the run lives, one of its sessions holds an advisory lock on the number. A database is a leftover
if its name has a valid check sum, the current role owns it, the lock of its number is free, and no
client is connected to it. A run takes the lock before it creates a database, so that a database of
a living run never looks like a leftover.
"""

from __future__ import annotations

import re
import secrets
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy import Connection

#: First half of the lock's key: the same for every run, on any server.
_LOCK_SPACE = zlib.crc32(b"timescaledb conformance") & 0x7FFFFFFF
#: The locks of all runs.
_HELD = (
    "FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2"
    " AND classid = CAST(:space AS bigint)::oid"
)
_NAME = re.compile(r"conformance_([0-9a-f]{8})([0-9a-f]{8})_.*", re.DOTALL)
#: PostgreSQL cuts names to 63 bytes.
_LONGEST_NAME = 63


@dataclass(frozen=True)
class Run:
    """The identity of one run on a server.

    Attributes:
        number: random, 31 bits; second half of the lock's key.
    """

    number: int

    @classmethod
    def new(cls) -> Run:
        """A run with a number of its own."""
        return cls(secrets.randbits(31))

    def database_name(self, word: str) -> str:
        """A name from which `number_of` reads the number."""
        digits = f"{self.number:08x}"
        return f"conformance_{digits}{_check_sum(digits)}_{word}"[:_LONGEST_NAME]

    def lock(self, connection: Connection) -> None:
        """Take the lock of this run, until this session ends.

        The lock is shared: a lost session, which the server has not ended yet, may hold it, too.
        """
        for timeout in ("idle_session_timeout", "statement_timeout", "lock_timeout"):
            connection.execute(text(f"SET {timeout} = 0"))
        connection.execute(
            text("SELECT pg_catalog.pg_advisory_lock_shared(:space, :number)"),
            {"space": _LOCK_SPACE, "number": self.number},
        )

    def sessions(self, connection: Connection) -> int:
        """How many sessions of the server have the lock of this run."""
        count = connection.scalar(
            text(f"SELECT count(*) {_HELD} AND objid = CAST(:number AS bigint)::oid"),
            {"space": _LOCK_SPACE, "number": self.number},
        )
        return int(count or 0)


def number_of(database: str) -> int | None:
    """The number of the run that created the database; None if no run did."""
    match = _NAME.fullmatch(database)
    if match is None or match[2] != _check_sum(match[1]):
        return None
    return int(match[1], 16)


def leftovers(connection: Connection) -> list[str]:
    """The databases on the server that dead runs have left."""
    candidates = connection.execute(
        text(
            "SELECT datname FROM pg_catalog.pg_database AS d"
            " WHERE datname LIKE 'conformance\\_%'"
            " AND datdba = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user)"
            " AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity AS a"
            " WHERE a.datid = d.oid AND a.backend_type = 'client backend')"
            " ORDER BY datname"
        )
    ).scalars()
    names = [name for name in candidates if number_of(name) is not None]
    # Read after the names: a run locks before it creates, so that this sees the lock of every
    # living run among them.
    living = set(
        connection.execute(text(f"SELECT objid::bigint {_HELD}"), {"space": _LOCK_SPACE}).scalars()
    )
    return [name for name in names if number_of(name) not in living]


def _check_sum(digits: str) -> str:
    return f"{zlib.crc32(b'conformance ' + digits.encode()):08x}"
