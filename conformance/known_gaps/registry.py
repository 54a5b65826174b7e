"""One known gap, and what the registry expects of a version."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from conformance.comparing.capabilities import version_tuple
from conformance.known_gaps.statements import written


class Expected(Enum):
    """What the registry expects of a version."""

    WRONG = "the version has the gap"
    RIGHT = "the version does not have the gap"
    UNKNOWN = "the version was not tried"


@dataclass(frozen=True)
class KnownGap:
    """One defect of TimescaleDB.

    Attributes:
        code: a short, stable name, `update-of-a-segment`.
        ticket: the number of an issue or pull request of timescale/timescaledb.
        summary: one sentence that says what goes wrong.
        affects: the checks that would meet the gap.
        first, last: the oldest and the newest version that is known to be wrong. If `last` is None,
            the ticket is open, and every version from `first` on is expected to be wrong.
            Without a `first` the oldest supported version is wrong.
        right_until, right_from: versions outside of that range that are known to be right.
        evidence: how the versions are known.
        needs: the capabilities that the reproduction needs.
        icu: whether the reproduction needs ICU collations.
        copied: a COPY ... FROM STDIN that follows the setup, and its data.
        settings: server settings for the time of the reproduction, name and value. A setting that
            the server does not know is left out.
        setup: the statements of the reproduction; an error in the last one is a result.
        query: a query for one number.
        right: the number that a correct server returns.
    """

    code: str
    ticket: int
    summary: str
    affects: str
    last: str | None
    evidence: str
    query: str
    right: int
    first: str = "2.17"
    right_until: str | None = None
    right_from: str | None = None
    setup: tuple[str, ...] = ()
    needs: tuple[str, ...] = ("community_edition",)
    icu: bool = False
    copied: tuple[str, str] | None = None
    settings: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """Write the name of the gap's table into the statements."""
        for name in ("setup", "copied"):
            statements = getattr(self, name)
            if statements is not None:
                filled = tuple(written(statement, self.code) for statement in statements)
                object.__setattr__(self, name, filled)
        object.__setattr__(self, "query", written(self.query, self.code))

    @property
    def url(self) -> str:
        """The URL of the ticket."""
        return f"https://github.com/timescale/timescaledb/issues/{self.ticket}"

    def expected(self, version: str) -> Expected:
        """What the registry expects of this version of TimescaleDB."""
        given = version_tuple(version)
        if self.right_from is not None and given >= version_tuple(self.right_from):
            return Expected.RIGHT
        if given >= version_tuple(self.first):
            is_known = self.last is None or given <= version_tuple(self.last)
            return Expected.WRONG if is_known else Expected.UNKNOWN
        if self.right_until is not None and given > version_tuple(self.right_until):
            return Expected.UNKNOWN
        return Expected.RIGHT

    def reason(self, version: str) -> str:
        """The reason why something is not checked on this version."""
        known = self.expected(version) is Expected.WRONG
        kind = "known gap" if known else "possible known gap"
        return f"{kind} timescaledb#{self.ticket} of TimescaleDB {version}: {self.summary}"

    def may_show(self, version: str) -> bool:
        """Whether histories must avoid the gap on this version."""
        return self.expected(version) is not Expected.RIGHT
