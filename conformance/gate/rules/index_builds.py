"""Estimate the disk and the WAL of index builds. Pure.

Sources: PostgreSQL documentation, "BRIN Indexes" (one entry for each range of 128 pages, unless
pages_per_range says another number), "Hash Indexes" (four bytes of a hash value for each row; the
number of buckets doubles), "GIN Indexes" (each key once, with the rows that contain it).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.gate.evidence.amounts import in_bytes
from conformance.gate.evidence.report import Estimate
from conformance.gate.rules.room import DISK, WAL
from conformance.gate.rules.sentences import first_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.gate.evidence.report import RowWork, Statement
    from conformance.gate.evidence.sizes import Size

_INDEX = re.compile(
    r"CREATE (UNIQUE )?INDEX\b|ALTER TABLE .*\bADD (CONSTRAINT \S+ )?"
    r"((UNIQUE|PRIMARY KEY)\b(?!.*\bUSING INDEX\b)|EXCLUDE\b)"
)
#: Not the expression of ALTER COLUMN ... TYPE ... USING, which may stand beside ADD UNIQUE.
_METHOD = re.compile(r"\b(?:INDEX|EXCLUDE)\b.*? USING (\w+)")
_PARTIAL = re.compile(r"\) WHERE\b")
_PAGE = 8192
#: A BRIN index has a meta page, a page of its map and a page of ranges, at least.
_BRIN_PAGES = 3
_PAGES_PER_RANGE = re.compile(r"PAGES_PER_RANGE ?= ?'?(\d+)")
_USUAL_RANGE = 128


@dataclass(frozen=True)
class _Method:
    """What an index of one access method takes.

    Attributes:
        least: the bytes of an entry, at least; one of a B-tree shares its key with equal ones.
        most: the bytes of an entry, at most; 0: what the table's bytes say.
        factor: at most, in bytes of the table.
        sorts: whether the build sorts the rows in temporary files.
    """

    least: int
    most: int = 0
    factor: int = 0
    sorts: bool = False


_METHODS = {
    "BTREE": _Method(6, factor=1, sorts=True),
    "HASH": _Method(16, most=100, sorts=True),
    "GIN": _Method(1, factor=3),
}


def built(
    statement: Statement, sizes: Mapping[str, Size], rewritten: set[str]
) -> Iterator[Estimate]:
    """What a new index takes."""
    method = _method(statement)
    for work in _tables(statement):
        size = sizes.get(work.relation)
        if size is None or work.relation in rewritten:
            continue
        if method == "BRIN":
            yield from _ranges(statement, work.relation, size)
        elif method in _METHODS:
            yield from _entries(statement, work.relation, size, _METHODS[method])


def unmeasured(statement: Statement, sizes: Mapping[str, Size]) -> Iterator[str]:
    """The access method of a new index that nothing is known of."""
    method = _method(statement)
    if method in ("", "BRIN", *_METHODS):
        return
    for work in _tables(statement):
        if work.relation in sizes:
            yield f"indexes with USING {method.lower()} on {work.relation} were not measured"


def _method(statement: Statement) -> str:
    """`BTREE`, which is also what EXCLUDE without USING builds; empty: no index is built."""
    words = first_words(statement.sql)
    if not _INDEX.match(words):
        return ""
    found = _METHOD.search(words)
    return found[1] if found else "BTREE"


def _tables(statement: Statement) -> list[RowWork]:
    return [work for work in statement.rows if work.existed and work.read]


def _entries(
    statement: Statement, relation: str, size: Size, method: _Method
) -> Iterator[Estimate]:
    """An index with an entry for each row."""
    high = size.rows * method.most if method.most else size.bytes * method.factor
    if method.most:
        most = f"at most {method.most} bytes a row"
    elif method.factor == 1:
        most = f"at most as much as the table, {in_bytes(size.bytes)}"
    else:
        most = f"at most {method.factor} times as much as the table, {in_bytes(size.bytes)}"
    if _PARTIAL.search(first_words(statement.sql)):
        low = 0
        words = f"an index on those of {size.rows:,} rows that WHERE selects: {most}"
    else:
        low = min(size.rows * method.least, size.bytes)
        plural = "s" * (method.least != 1)
        least = f"at least {method.least} byte{plural} a row"
        words = f"an index on {size.rows:,} rows: {least}, {most}"
    sorting = f"{words}, and as much again while the rows are sorted" if method.sorts else words
    room = high * 2 if method.sorts else high
    yield Estimate(statement.number, relation, DISK, low, room, sorting)
    yield Estimate(statement.number, relation, WAL, low, high, words)


def _ranges(statement: Statement, relation: str, size: Size) -> Iterator[Estimate]:
    """An index with an entry for each range of pages."""
    low = _BRIN_PAGES * _PAGE * max(size.chunks, 1)
    found = _PAGES_PER_RANGE.search(first_words(statement.sql))
    pages = int(found[1]) if found else _USUAL_RANGE
    # An entry has the least and the greatest value, and fits on a page; the free space map is new.
    high = 2 * low + size.bytes // max(pages, 1)
    each = f" for each of {size.chunks:,} chunks" if size.chunks else ""
    most = f"at most twice that, and as many pages as there are ranges in {in_bytes(size.bytes)}"
    words = f"an index on ranges of {pages} pages: {_BRIN_PAGES} pages{each}, {most}"
    yield Estimate(statement.number, relation, DISK, low, high, words)
    # Before PostgreSQL 17 the WAL says in a few bytes that a page is new.
    yield Estimate(statement.number, relation, WAL, 0, high, words)
