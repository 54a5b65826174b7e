"""What the gate reports of a rehearsal on a copy of a real database, as plain data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Copy:
    """The copy, and what the rehearsal did to it.

    Attributes:
        database: its name.
        place: host and port.
        way: how the revisions ran, in a sentence.
        left: how the copy was left, in a sentence.
        policies: what was done so that no policy ran meanwhile, in a sentence; empty if nothing.
        bytes_before, bytes_after: the size of the copy before and after the rehearsal.
        peak_bytes: the largest size of the rehearsed database, temporary files included where the
            role may see them.
        wal_bytes: how much WAL the server wrote while the statements ran.
    """

    database: str
    place: str
    way: str
    left: str
    policies: str = ""
    bytes_before: int = 0
    bytes_after: int | None = None
    peak_bytes: int = 0
    wal_bytes: int = 0
