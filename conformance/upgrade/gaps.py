"""Known gaps of TimescaleDB that an upgrade closes or opens, by the registry. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.known_gaps import KNOWN_GAPS, Expected
from conformance.upgrade.report import Change

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.comparing.capabilities import Server
    from conformance.known_gaps import KnownGap

_KINDS = {
    (Expected.WRONG, Expected.RIGHT): "healed",
    (Expected.RIGHT, Expected.WRONG): "new-gap",
}


def gap_changes(
    before: Server, after: Server, gaps: Iterable[KnownGap] = KNOWN_GAPS
) -> Iterator[Change]:
    """Find gaps that one of the two versions has and the other is known not to have."""
    for gap in gaps:
        kind = _KINDS.get((_expected(gap, before), _expected(gap, after)))
        if kind is not None:
            message = f"{gap.code} (timescaledb#{gap.ticket}): {gap.summary} Affects {gap.affects}."
            yield Change(kind, f"known-gap:{gap.code}", message)


def _expected(gap: KnownGap, server: Server) -> Expected:
    if "community_edition" in gap.needs and server.edition != "community":
        return Expected.UNKNOWN
    return gap.expected(server.timescaledb)
