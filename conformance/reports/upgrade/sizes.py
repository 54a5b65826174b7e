"""What the update of the extension locks, and what the ways take at real sizes, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.gate.evidence.amounts import in_bytes
from conformance.reports.gate.estimates import amount

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conformance.gate.evidence.report import Estimate
    from conformance.upgrade.report import ExtensionUpdate

#: The number of names in one sentence.
_MOST = 4


def locked(update: ExtensionUpdate) -> Iterator[str]:
    """What the update did, in sentences."""
    number = update.catalog
    yield (
        f"For up to {update.seconds:.1f} s it locks {number} tables and views of TimescaleDB in "
        "ACCESS EXCLUSIVE mode: queries of hypertables wait."
    )
    if update.locks:
        modes = dict.fromkeys(lock.mode for lock in update.locks)
        for mode in modes:
            tables = [str(lock) for lock in update.locks if lock.mode == mode]
            yield f"It locks {_some(tables)} in {mode} mode."
    if update.rebuilt:
        tables = [f"{item.name} ({item.rows:,} rows)" for item in update.rebuilt]
        yield f"It writes anew {_some(tables)}."
    yield (
        f"It takes {update.entries + update.of_chunks:,} lock-table entries and writes "
        f"{in_bytes(update.wal_bytes)} of WAL."
    )


def told(estimate: Estimate) -> str:
    """`in place: 0.9 to 75 seconds of ACCESS EXCLUSIVE`."""
    fits = estimate.limit is None or estimate.low <= estimate.limit
    return f"{estimate.relation}: {'' if fits else 'does not fit: '}{amount(estimate)}"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return ", ".join(names[:_MOST]) + more
