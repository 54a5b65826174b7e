"""Estimate what statements do at the sizes of a real database. Pure.

An estimate of time is a range. Upper bound: each row takes as long as in the rehearsal, where most
of the time does not depend on the number of rows. Lower bound: all bytes are read at a speed that
servers rarely exceed. The number of lock-table entries is exact for the given number of chunks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.gate.evidence.amounts import in_bytes
from conformance.gate.evidence.report import DECOMPRESSION_LIMIT, Estimate, GateFinding
from conformance.gate.evidence.sizes import DEFAULT_LIMITS, ROWS_OF_BATCH
from conformance.gate.rules.decompression import decompressing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from conformance.gate.evidence.report import LockEntries, Statement
    from conformance.gate.evidence.sizes import Limits, Size

#: Bytes per second that a server reads at most.
FASTEST = 2_000_000_000
#: The entries of the lock table with PostgreSQL's defaults.
LOCK_TABLE = DEFAULT_LIMITS.lock_table


def estimates(
    statements: Sequence[Statement],
    rows: Mapping[str, int],
    sizes: Mapping[str, Size],
    limits: Limits = DEFAULT_LIMITS,
) -> Iterator[Estimate]:
    """Estimates for the statements of one revision.

    Args:
        rows: the number of rows of each table in the rehearsal, before the revision.
        sizes: the sizes of the real tables.
        limits: the limits of their server.
    """
    yield from _held(statements, rows, sizes)
    yield from _entries(statements, sizes, limits)
    yield from _decompressed(statements, rows, sizes, limits)


def judge_sizes(revision: str, found: Sequence[Estimate]) -> Iterator[GateFinding]:
    """Find estimates whose lower bound exceeds a limit."""
    for item in found:
        if item.limit is not None and item.low > item.limit:
            yield GateFinding(
                "exceeds-limit",
                revision,
                item.relation,
                f"At the given sizes, statement {item.statement} needs at least {item.low:,.0f} "
                f"{item.what}, but {item.limit_name}.",
                "Process few chunks per transaction, in an op.get_context().autocommit_block(); or "
                "raise the limit on that server first.",
                item.statement,
            )


def would_scale(statements: Sequence[Statement]) -> bool:
    """Whether the effect of the statements depends on the sizes of real tables."""
    locks = (lock for item in statements if not item.by_alembic for lock in item.locks)
    return any(lock.existed and (lock.blocks or lock.chunks) for lock in locks)


def _held(
    statements: Sequence[Statement], rows: Mapping[str, int], sizes: Mapping[str, Size]
) -> Iterator[Estimate]:
    """How long each blocking lock is held."""
    said: set[str] = set()
    for number, statement in enumerate(statements):
        if statement.by_alembic or statement.transaction is None:
            continue
        for lock in statement.locks:
            if not (lock.existed and lock.blocks) or lock.relation in said:
                continue
            said.add(lock.relation)
            meanwhile = [
                item for item in statements[number:] if item.transaction == statement.transaction
            ]
            spans = [_span(item, rows, sizes) for item in meanwhile]
            measured = statement.held_seconds or 0.0
            rest = measured - sum(item.seconds for item in meanwhile)
            scaled = [words for _, _, words in spans if words]
            yield Estimate(
                statement.number,
                lock.relation,
                f"seconds of {lock.mode}",
                max(rest, 0.0) + sum(low for low, _, _ in spans),
                max(rest, 0.0) + sum(high for _, high, _ in spans),
                "; ".join([f"{_ms(measured)} in the rehearsal", *scaled]),
            )


def _span(
    statement: Statement, rows: Mapping[str, int], sizes: Mapping[str, Size]
) -> tuple[float, float, str]:
    """The bounds of the statement's time in seconds, and how they are computed."""
    tables = {item.relation for item in (*statement.rows, *statement.rewrites) if item.existed}
    found = [(sizes[name], name) for name in sorted(tables) if name in sizes and rows.get(name)]
    if not found:
        return statement.seconds, statement.seconds, ""
    # The table that grows most decides.
    size, name = max(found, key=lambda item: item[0].rows / rows[item[1]])
    factor = max(size.rows / rows[name], 1.0)
    words = (
        f"statement {statement.number} reads or writes {name}, {size.rows:,} rows instead of "
        f"{rows[name]:,}: at least {in_bytes(size.bytes)} at {in_bytes(FASTEST)}/s, at most "
        f"{_ms(statement.seconds)} x {factor:,.0f}"
    )
    low = min(max(statement.seconds, size.bytes / FASTEST), statement.seconds * factor)
    return low, statement.seconds * factor, words


def _entries(
    statements: Sequence[Statement], sizes: Mapping[str, Size], limits: Limits
) -> Iterator[Estimate]:
    """The largest number of lock-table entries that a transaction holds."""
    totals = [
        (sum(_there(item, sizes) for item in statement.entries), statement)
        for statement in statements
        if any(item.of_chunks for item in statement.entries)
    ]
    if not totals:
        return
    total, statement = max(totals, key=lambda item: item[0])
    largest = max(statement.entries, key=lambda item: _there(item, sizes))
    yield Estimate(
        statement.number,
        largest.relation,
        "lock-table entries",
        total,
        total,
        "; ".join(_entries_told(statement.entries, sizes)),
        limits.lock_table,
        limits.lock_table_said,
    )


def _there(entries: LockEntries, sizes: Mapping[str, Size]) -> int:
    size = sizes.get(entries.relation)
    if size is None or not entries.chunks:
        return entries.itself + entries.of_chunks
    return entries.itself + round(entries.of_chunks / entries.chunks * size.chunks)


def _entries_told(entries: Iterable[LockEntries], sizes: Mapping[str, Size]) -> Iterator[str]:
    for item in entries:
        if item.chunks and item.relation in sizes:
            each, there = item.of_chunks / item.chunks, sizes[item.relation].chunks
            yield f"{item.relation}: {item.itself} + {there:,} chunks x {each:g}"


def _decompressed(
    statements: Sequence[Statement],
    rows: Mapping[str, int],
    sizes: Mapping[str, Size],
    limits: Limits,
) -> Iterator[Estimate]:
    for statement, item in decompressing(statements):
        size, here = sizes.get(item.relation), rows.get(item.relation)
        if size is None or not here or not item.compressed or not size.batches:
            continue
        reached = size.compressed_rows * item.chunks / item.compressed
        written = sum(work.written for work in statement.rows if work.relation == item.relation)
        part = min(written / here, 1.0)
        there = limits.max_tuples_decompressed
        limit = (statement.decompression_limit if there is None else there) or None
        yield Estimate(
            statement.number,
            item.relation,
            "decompressed rows",
            reached * part,
            reached,
            f"{size.batches:,} batches of up to {ROWS_OF_BATCH:,} of {size.rows:,} rows x "
            f"{item.chunks} of {item.compressed} compressed chunks; the lower bound is the written "
            f"part of the rows, {part:.0%}",
            limit,
            f"{DECOMPRESSION_LIMIT} is {limit}",
        )


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:,.1f} ms"
