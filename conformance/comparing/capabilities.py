"""What the engine's server can do: probed on the running server, never assumed.

Every capability is off until it has been seen; "unknown" therefore means "no". A check names the
capabilities that it needs. A check that lacks one is reported as not checked; `REASONS` has the
reason.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields

#: The oldest TimescaleDB that is supported, and the newest whose catalog has been seen.
OLDEST_TIMESCALEDB = (2, 17)
NEWEST_TIMESCALEDB_SEEN = (2, 31)
#: The PostgreSQL major versions that are supported.
POSTGRESQL_MAJORS = range(15, 19)

REASONS = {
    "community_edition": "the server runs TimescaleDB's Apache edition, which has no compression "
    "and no policies",
    "concurrent_sessions": "all connections share one session on this engine",
    "background_workers": "no background worker runs jobs on this engine",
    "restartable": "this engine's server cannot be stopped and started again",
    "crashable": "this engine's server must not be crashed: others may use it",
    "copy": "the server of this engine cannot run COPY FROM STDIN",
}
#: The reason of "community_edition" for facts of continuous aggregates.
NO_AGGREGATES = "the server runs TimescaleDB's Apache edition, which has no continuous aggregates"


@dataclass(frozen=True)
class Capabilities:
    """One flag per capability; a flag is off unless the capability was seen on the server."""

    #: The Community edition (`timescaledb.license = timescale`): compression, policies.
    community_edition: bool = False
    #: Each connection has a backend of its own, with its own locks and snapshots.
    concurrent_sessions: bool = False
    #: The server's scheduler runs jobs by itself.
    background_workers: bool = False
    #: The engine can stop and start its server with the data kept.
    restartable: bool = False
    #: The engine can kill processes of its server, which recovers with the data kept.
    crashable: bool = False
    #: `COPY ... FROM STDIN` works.
    copy: bool = False

    def missing(self, *needed: str) -> str | None:
        """Why a check that needs these capabilities cannot run; None if it can."""
        known = {field.name for field in fields(self)}
        for name in needed:
            if name not in known:
                raise KeyError(f"unknown capability {name!r}; there are {', '.join(sorted(known))}")
            if not getattr(self, name):
                return REASONS[name]
        return None


@dataclass(frozen=True)
class Server:
    """The versions and the edition of a server, as every report names them."""

    postgresql: str
    timescaledb: str
    #: "community" or "apache".
    edition: str
    #: Encoding and locale of the database, `UTF8, en_US.UTF-8`.
    locale: str = ""

    def __str__(self) -> str:
        return (
            f"PostgreSQL {self.postgresql}, TimescaleDB {self.timescaledb} ({self.edition} edition)"
        )

    @property
    def capabilities(self) -> Capabilities:
        """What it can do for who only reads one of its databases."""
        return Capabilities(community_edition=self.edition == "community")

    @property
    def note(self) -> str | None:
        """A remark on a TimescaleDB newer than the newest that was seen; None otherwise."""
        if version_tuple(self.timescaledb)[:2] > NEWEST_TIMESCALEDB_SEEN:
            newest = ".".join(map(str, NEWEST_TIMESCALEDB_SEEN))
            return f"TimescaleDB {self.timescaledb} is newer than {newest}, the newest one seen"
        return None


#: Other digits, and more of them, are no part of a version.
_NUMBER = re.compile(r"[0-9]{1,9}")


def version_tuple(version: str) -> tuple[int, ...]:
    """`2.23.0-dev` -> `(2, 23, 0)`: the numbers up to the first suffix."""
    numbers: list[int] = []
    for part in version.partition("-")[0].split("."):
        if not _NUMBER.fullmatch(part):
            break
        numbers.append(int(part))
    return tuple(numbers)
