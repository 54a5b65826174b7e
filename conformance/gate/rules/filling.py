"""Estimate the disk and the WAL of rows that statements make from rows of other tables. Pure.

These are CREATE TABLE AS, SELECT INTO, INSERT ... SELECT, MERGE, CREATE and REFRESH MATERIALIZED
VIEW, the refresh of a continuous aggregate, and functions and triggers that fill a table. The
number of new rows grows as the table does that they are made from. Queries with GROUP BY and the
like return fewer rows than that, so that they have no lower bound.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.comparing.enumerating import first_of
from conformance.gate.evidence.amounts import in_bytes
from conformance.gate.evidence.report import Estimate
from conformance.gate.rules.room import CHANGED, DISK, HEADER, RECORD, WAL
from conformance.gate.rules.sentences import first_words, keyword

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.gate.evidence.report import RowWork, Statement
    from conformance.gate.evidence.sizes import Size

_NAMED = 4
#: PostgreSQL documentation, "Database Page Layout": the header of a row and its line pointer.
_ROW = 28
#: Statements whose text has the query that makes the rows.
_WITH_QUERY = ("CREATE", "INSERT", "SELECT", "WITH")
#: Of these queries the result does not grow as the table does.
_FEWER = re.compile(
    r"\b(WHERE|JOIN|GROUP BY|HAVING|DISTINCT|LIMIT|FETCH|UNION|INTERSECT|EXCEPT|TABLESAMPLE"
    r"|COUNT|SUM|AVG|MIN|MAX|\w+_AGG)\b"
)
_SORTED = re.compile(r"\b(ORDER BY|GROUP BY|DISTINCT|JOIN|UNION|INTERSECT|EXCEPT|OVER)\b")
#: Aggregates that put all the rows into one.
_GATHERED = re.compile(r"_AGG ?\(")


def sources_of(statement: Statement, work: RowWork) -> list[RowWork]:
    """The tables from whose rows the statement makes new rows of the one that it writes.

    Returns:
        nothing, if the statement changes rows that were there, or lists the new rows itself.
    """
    word, words = keyword(statement.sql), first_words(statement.sql)
    changes = work.existed and work.read and word not in ("INSERT", "MERGE", "REFRESH")
    lists = word == "INSERT" and not re.search(r"\b(SELECT|TABLE)\b", words)
    if not work.written or changes or lists or word == "COPY":
        return []
    return [
        other
        for other in statement.rows
        if other.relation != work.relation and other.existed and other.read
    ]


def filled(
    statement: Statement, rows: Mapping[str, int], sizes: Mapping[str, Size]
) -> Iterator[Estimate]:
    """What new rows take that the statement makes from others."""
    for work in statement.rows:
        names = [
            item.relation
            for item in sources_of(statement, work)
            if rows.get(item.relation) and item.relation in sizes
        ]
        if names:
            yield from _made(statement, work, names, rows, sizes)


def sizeless(statement: Statement, sizes: Mapping[str, Size]) -> Iterator[str]:
    """The tables that the statement fills from tables of an unknown size, and why."""
    for work in statement.rows:
        names = [item.relation for item in sources_of(statement, work)]
        if names and not any(name in sizes for name in names):
            verb = "is" if len(names) == 1 else "are"
            yield (
                f"{work.relation} is filled from {first_of(names, _NAMED)}, which {verb} not in "
                "the file with the sizes"
            )


def _made(
    statement: Statement,
    work: RowWork,
    names: list[str],
    rows: Mapping[str, int],
    sizes: Mapping[str, Size],
) -> Iterator[Estimate]:
    words = first_words(statement.sql)
    fastest = max(names, key=lambda name: sizes[name].rows / rows[name])
    number = round(work.written * sizes[fastest].rows / rows[fastest])
    told = keyword(statement.sql) in _WITH_QUERY
    least = number if told and not _FEWER.search(words) else 0
    width = max(sum(map(_width, map(sizes.__getitem__, names))), _width(sizes.get(work.relation)))
    read = sum(sizes[name].plain_bytes for name in names)
    high = number * (width + HEADER)
    if _GATHERED.search(words) or not told:
        high = max(high, float(read))
    sorting = read if _SORTED.search(words) or not told else 0
    said = (
        f"{work.written:,} rows in the rehearsal, made from {rows[fastest]:,} rows of {fastest}, "
        f"are up to {number:,} from {sizes[fastest].rows:,}; a row takes up to "
        f"{in_bytes(width + HEADER)}"
    )
    also = f", and up to {in_bytes(sorting)} are needed while rows are sorted" if sorting else ""
    # Of a table that was there VACUUM may have left room.
    room = 0 if work.existed else least * _ROW
    yield Estimate(statement.number, work.relation, DISK, room, high + sorting, f"{said}{also}")
    # The indexes of a table that was there are written row by row, with images of their pages.
    factor = CHANGED if work.existed else 1.5
    yield Estimate(
        statement.number,
        work.relation,
        WAL,
        least * RECORD,
        factor * high,
        f"{said}, and the WAL up to {factor:g} times that",
    )


def _width(size: Size | None) -> float:
    """The bytes of a plain row, its entries in indexes included."""
    return size.plain_bytes / size.rows if size is not None and size.rows else 0.0
