"""Which TimescaleDB exists for which PostgreSQL. Pure.

Source: TimescaleDB's release notes (2.20.0 removes PostgreSQL 14, 2.23.0 adds 18, 2.29.0 removes
15), and the PostgreSQL versions that its builds of each release name.
"""

from __future__ import annotations

from dataclasses import dataclass

from conformance.comparing.capabilities import POSTGRESQL_MAJORS, version_tuple


@dataclass(frozen=True)
class Span:
    """TimescaleDB releases with the same PostgreSQL versions.

    Attributes:
        first, last: the first and the last release, `(2, 17)`.
        oldest, newest: the oldest and the newest major version of PostgreSQL that is supported both
            by these releases and here.
    """

    first: tuple[int, int]
    last: tuple[int, int]
    oldest: int
    newest: int


PAIRS = (
    Span((2, 17), (2, 22), 15, 17),
    Span((2, 23), (2, 28), 15, 18),
    Span((2, 29), (2, 32), 16, 18),
)


def why_not_a_pair(postgresql: int, timescaledb: str) -> tuple[str, str] | None:
    """Why this TimescaleDB does not exist for this PostgreSQL, and what exists.

    Args:
        postgresql: the major version.
        timescaledb: the version, `2.29.2`.

    Returns:
        A problem and a hint. None if the pair exists, or if nothing is known of a version.
    """
    release = version_tuple(timescaledb)[:2]
    span = next((span for span in PAIRS if span.first <= release <= span.last), None)
    if (
        span is None
        or postgresql not in POSTGRESQL_MAJORS
        or span.oldest <= postgresql <= span.newest
    ):
        return None
    return (
        f"TimescaleDB {timescaledb} does not exist for PostgreSQL {postgresql}, only for"
        f" PostgreSQL {span.oldest} to {span.newest}.",
        f"Use {_releases_for(postgresql)} with PostgreSQL {postgresql}, or another PostgreSQL.",
    )


def _releases_for(postgresql: int) -> str:
    spans = [span for span in PAIRS if span.oldest <= postgresql <= span.newest]
    first, last = min(span.first for span in spans), max(span.last for span in spans)
    until = "or later" if last == PAIRS[-1].last else f"to {last[0]}.{last[1]}"
    return f"TimescaleDB {first[0]}.{first[1]} {until}"
