"""What a rehearsal on a copy took, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.gate.evidence.amounts import in_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.gate.evidence.copy import Copy
    from conformance.gate.evidence.report import Statement


def costs(statement: Statement) -> Iterator[str]:
    """The WAL and the disk of a statement, where they were measured and are not nothing."""
    if statement.wal_bytes:
        yield f"writes {in_bytes(statement.wal_bytes)} of WAL"
    grown, peak = statement.grown_bytes or 0, statement.peak_bytes or 0
    if grown > 0 or peak > 0:
        most = f", {in_bytes(peak)} at most" if peak > grown else ""
        yield f"takes {in_bytes(max(grown, 0))} of disk{most}"


def told(copy: Copy) -> Iterator[str]:
    """What was done, in sentences."""
    yield copy.way
    yield copy.left
    if copy.policies:
        yield copy.policies
    yield (
        f"{in_bytes(copy.bytes_before)} before, {in_bytes(copy.peak_bytes)} at most; the server "
        f"wrote {in_bytes(copy.wal_bytes)} of WAL."
    )
