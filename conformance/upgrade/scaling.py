"""Estimate what the ways to the new version take at the sizes of a real database. Pure.

The update of the extension works on TimescaleDB's catalog, which has rows for each chunk: a part of
its time is the same everywhere, and the rest grows with the number of chunks at most.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.gate.evidence.amounts import in_bytes
from conformance.gate.evidence.report import Estimate
from conformance.gate.evidence.sizes import PLAIN
from conformance.gate.rules.room import DISK, WAL
from conformance.gate.rules.sizes import FASTEST
from conformance.upgrade.report import IN_PLACE, RESTORED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.gate.evidence.sizes import Sizes
    from conformance.upgrade.report import ExtensionUpdate, Way

UNKNOWN = (
    "not known: run conformance audit URL --sizes FILE on the real database, and give --sizes FILE "
    "here. The report then estimates how long the extension's update locks tables there, whether "
    "the lock table has room, and how much disk a restored dump takes"
)


def estimates(
    update: ExtensionUpdate | None,
    ways: Mapping[str, Way],
    here: Sizes,
    there: Sizes,
    *,
    copied: bool = False,
) -> Iterator[Estimate]:
    """Estimates for updating in place and for restoring.

    Args:
        copied: whether the rows of the restored database were copied, as plain rows.
        here: the sizes of the rehearsed tables.
        there: the sizes of the real tables.
    """
    if update is not None:
        yield from _updated(update, there)
    restored = ways.get(RESTORED)
    if restored is not None and restored.method:
        yield from _restored(restored, here, there, copied=copied)


def _updated(update: ExtensionUpdate, there: Sizes) -> Iterator[Estimate]:
    factor = max(there.chunks / update.chunks, 1.0) if update.chunks else 1.0
    grows = f"{there.chunks:,} chunks instead of {update.chunks:,}: at most x {factor:,.0f}"
    yield _of(
        IN_PLACE,
        "seconds of ACCESS EXCLUSIVE",
        (update.seconds, update.seconds * factor),
        f"{update.seconds * 1000:,.1f} ms in the rehearsal; {grows}",
    )
    each = update.of_chunks / update.chunks if update.chunks else 0.0
    entries = update.entries + round(each * there.chunks)
    yield _of(
        IN_PLACE,
        "lock-table entries",
        (entries, entries),
        f"{update.entries} + {there.chunks:,} chunks x {each:g}",
        (there.limits.lock_table, there.limits.lock_table_said),
    )
    yield _of(
        IN_PLACE,
        WAL,
        (update.wal_bytes, update.wal_bytes * factor),
        f"{in_bytes(update.wal_bytes)} in the rehearsal; {grows}",
    )


def _restored(way: Way, here: Sizes, there: Sizes, *, copied: bool) -> Iterator[Estimate]:
    rows_here, rows_there = (sum(size.rows for size in sizes.values()) for sizes in (here, there))
    factor = max(rows_there / rows_here, 1.0) if rows_here else 1.0
    low = min(max(way.seconds, there.bytes / FASTEST), way.seconds * factor)
    yield _of(
        RESTORED,
        "seconds without writers",
        (low, way.seconds * factor),
        f"{way.seconds:,.1f} s in the rehearsal; {rows_there:,} rows instead of {rows_here:,}: at "
        f"least {in_bytes(there.bytes)} at {in_bytes(FASTEST)}/s, at most x {factor:,.0f}",
    )
    most, also = there.bytes, "exist twice; the dump comes to that"
    if copied and there.plain_bytes > there.bytes:
        most = there.plain_bytes
        also += f", and compressed rows are copied as plain ones, up to {PLAIN} times as large"
    yield _of(
        RESTORED,
        DISK,
        (there.bytes, most),
        f"all tables and indexes, {in_bytes(there.bytes)}, {also}",
    )


def _of(
    way: str,
    what: str,
    bounds: tuple[float, float],
    arithmetic: str,
    limit: tuple[int | None, str] = (None, ""),
) -> Estimate:
    return Estimate(0, way, what, *bounds, arithmetic, *limit)
