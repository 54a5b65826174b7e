"""Estimate the disk and the WAL that statements need at the sizes of a real database. Pure.

Sources: PostgreSQL documentation, "ALTER TABLE" (a rewrite needs as much disk as the table has,
until its transaction ends), "WAL Configuration" (full_page_writes). The factors were measured on
PostgreSQL 15 with rows of 60 and of 600 bytes: a rewrite wrote 1.1 to 1.4 times the bytes of the
table and its indexes, an update of all rows 1.3 to 3 times, to which a full image of each page
comes, and each deleted row 62 bytes. On PostgreSQL 17 and 2,000,000 rows of 8 bytes, a rewrite
wrote 2 times the bytes, an update 5 times. The peak of an index build was 1.8 times the index.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from conformance.gate.evidence.amounts import in_bytes
from conformance.gate.evidence.report import Estimate
from conformance.gate.evidence.sizes import PLAIN
from conformance.gate.rules.decompression import only_adds
from conformance.gate.rules.filling import filled, sizeless, sources_of
from conformance.gate.rules.index_builds import built, unmeasured
from conformance.gate.rules.room import CHANGED, DISK, HEADER, RECORD, WAL
from conformance.gate.rules.sentences import keyword

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from conformance.gate.evidence.report import AffectedTable, Statement
    from conformance.gate.evidence.sizes import Size

#: WAL of a rewrite, in bytes of the table and its indexes.
_REWRITE = (1.0, 1.5)


def volumes(
    statements: Sequence[Statement], rows: Mapping[str, int], sizes: Mapping[str, Size]
) -> Iterator[Estimate]:
    """Estimates of disk and WAL for the statements of one revision.

    Args:
        rows: the number of rows of each table in the rehearsal, before the revision.
        sizes: the sizes of the real tables.
    """
    earlier: dict[int | None, int] = defaultdict(int)
    for statement in statements:
        if statement.by_alembic:
            continue
        rewritten = {item.relation for item in statement.rewrites if item.existed}
        for item in statement.rewrites:
            if item.existed and item.relation in sizes:
                yield from _rewrite(statement, item, sizes[item.relation], earlier)
        yield from _written(statement, rows, sizes, rewritten)
        yield from filled(statement, rows, sizes)
        yield from built(statement, sizes, rewritten)


def _rewrite(
    statement: Statement, item: AffectedTable, size: Size, earlier: dict[int | None, int]
) -> Iterator[Estimate]:
    # The files that a rewrite leaves are removed when its transaction ends.
    before = earlier[statement.transaction] if statement.transaction is not None else 0
    words = (
        f"{item.relation} and its indexes have {in_bytes(size.bytes)}, and exist twice until the "
        f"transaction ends: {in_bytes(2 * size.bytes)}"
    )
    if before:
        words += f"; {in_bytes(before)} of the rewrites before it are not free yet"
    needed = size.bytes + before
    yield Estimate(statement.number, item.relation, DISK, needed, needed, words)
    earlier[statement.transaction] += size.bytes
    low, high = (factor * size.bytes for factor in _REWRITE)
    yield Estimate(
        statement.number,
        item.relation,
        WAL,
        low,
        high + size.stored_rows * HEADER,
        f"a rewrite writes {_REWRITE[0]:g} to {_REWRITE[1]:g} times {in_bytes(size.bytes)}, and up "
        f"to {HEADER} bytes more a row",
    )


def _written(
    statement: Statement,
    rows: Mapping[str, int],
    sizes: Mapping[str, Size],
    rewritten: set[str],
) -> Iterator[Estimate]:
    """What rows take that were there before and are changed: an old one stays until VACUUM."""
    word = keyword(statement.sql)
    for work in statement.rows:
        size, here = sizes.get(work.relation), rows.get(work.relation)
        if (
            not work.existed
            or not work.written
            or size is None
            or not here
            or work.relation in rewritten
            or sources_of(statement, work)
            # Rows that the statement itself lists are as many there.
            or (word == "INSERT" and not work.read)
        ):
            continue
        part = min(work.written / here, 1.0)
        number, space, also = round(part * size.rows), part * size.bytes, ""
        low, high = number, number
        unpacks = bool(size.batches) and not only_adds(statement.sql)
        if unpacks:
            # A row that is found in a batch takes the others with it.
            space, high = space + size.plain_bytes, max(number, size.compressed_rows)
            also = f"; decompressed rows take up to {PLAIN} times as much"
        if unpacks and word == "DELETE":
            # A batch whose rows are all deleted is deleted as one row.
            low = round(part * size.stored_rows)
        said = f"{part:.0%} of {size.rows:,} rows and of {in_bytes(size.bytes)}"
        if word != "DELETE" or unpacks:
            yield Estimate(
                statement.number,
                work.relation,
                DISK,
                0,
                space,
                f"{said} are written again, where VACUUM has left no room{also}",
            )
        yield Estimate(
            statement.number,
            work.relation,
            WAL,
            low * RECORD,
            CHANGED * space + high * HEADER,
            f"{said}: at least {RECORD} bytes a row, at most {CHANGED:g} x {in_bytes(space)} and "
            f"{HEADER} bytes a row{also}",
        )


def not_estimated(
    statements: Sequence[Statement], sizes: Mapping[str, Size]
) -> Iterator[tuple[int, str]]:
    """The statements whose disk and WAL are not estimated: the number of each, and why."""
    for statement in statements:
        if not statement.by_alembic:
            for reason in (*unmeasured(statement, sizes), *sizeless(statement, sizes)):
                yield (
                    statement.number,
                    f"the disk and the WAL of statement {statement.number} are not estimated: "
                    f"{reason}",
                )
