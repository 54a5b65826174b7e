"""The registry of known gaps: defects of TimescaleDB itself, with ticket, versions, reproduction.

A gap excuses only its own reproduction, on a small table of its own; relations-after-a-drop also
excuses what a downgrade leaves. Generated histories avoid the gaps that they would meet by
construction, and list what they leave out.

`docs/known-gaps.md` is generated from this registry. The entries are in `keys.py`, `writes.py`,
`reads.py`, `refreshes.py`, `orders.py` and `chunks.py`. `docs/known_gaps/` has what the page lists
beside them: defects of TimescaleDB that have no entry, and the release notes that were read.
"""

from __future__ import annotations

from conformance.known_gaps.chunks import CHUNKS
from conformance.known_gaps.keys import KEYS
from conformance.known_gaps.orders import ORDERS
from conformance.known_gaps.reads import READS
from conformance.known_gaps.refreshes import REFRESHES
from conformance.known_gaps.registry import Expected, KnownGap
from conformance.known_gaps.writes import WRITES

__all__ = ["KNOWN_GAPS", "Expected", "KnownGap", "gap"]

KNOWN_GAPS: tuple[KnownGap, ...] = (
    *KEYS,
    *WRITES,
    *READS,
    *REFRESHES,
    *ORDERS,
    *CHUNKS,
)


def gap(code: str) -> KnownGap:
    """Return the gap with this code.

    Raises:
        KeyError: no gap has the code.
    """
    return {item.code: item for item in KNOWN_GAPS}[code]
