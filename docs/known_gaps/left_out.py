"""Defects of TimescaleDB that change rows or results and have no entry, each with the reason.

`notes.py` lists the release notes that were read.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Reason(Enum):
    """Why a defect has no entry of its own."""

    SAME = "another entry shows the defect"
    BETWEEN = "the versions that have the defect were not at hand, so no reproduction could be seen"
    SESSIONS = "the defect needs two sessions that meet, and a reproduction has one"
    NO_ROWS = "the statement fails or crashes, and no row is changed or wrongly returned"
    NOT_SEEN = "no reproduction showed the defect on the versions at hand"
    INTERNAL = "only functions for TimescaleDB's own use, or an extension update, meet the defect"
    SUBSCRIBER = "only a subscriber of logical replication meets the defect"
    ROLE = "the defect needs a second role, and a reproduction creates no roles"
    POSTGRESQL = "the defect needs a newer PostgreSQL together with the Community edition"


@dataclass(frozen=True)
class LeftOut:
    """One defect without an entry.

    Attributes:
        ticket: the number of an issue or pull request of timescale/timescaledb.
        fixed: the version whose release notes name the fix; None if none does.
        summary: what goes wrong.
        reason: why the defect has no entry.
    """

    ticket: int
    fixed: str | None
    summary: str
    reason: Reason


_SAME, _BETWEEN, _SESSIONS = Reason.SAME, Reason.BETWEEN, Reason.SESSIONS
_NO_ROWS, _NOT_SEEN, _INTERNAL = Reason.NO_ROWS, Reason.NOT_SEEN, Reason.INTERNAL
_POSTGRESQL, _SUBSCRIBER, _ROLE = Reason.POSTGRESQL, Reason.SUBSCRIBER, Reason.ROLE

LEFT_OUT: tuple[LeftOut, ...] = (
    LeftOut(5448, None, "upserts that meet in a compressed chunk find a duplicate key", _SESSIONS),
    LeftOut(5480, None, "an upsert during compress_chunk() breaks a unique key", _SESSIONS),
    LeftOut(7342, "2.17.1", "a duplicate in a text key ends in a collation error", _NO_ROWS),
    LeftOut(7584, "2.18.0", "min() and max() of compressed floats ignore NaN", _NOT_SEEN),
    LeftOut(7649, "2.18.1", "UPDATE and DELETE by other operators than btree's are slow", _NO_ROWS),
    LeftOut(7686, "2.18.2", "GROUP BY with a descending order returns wrong groups", _BETWEEN),
    LeftOut(8106, "2.20.0", "a unique index on compressed chunks crashes the server", _NO_ROWS),
    LeftOut(8151, "2.20.1", "a refresh rewrites unchanged groups with a NULL", _NO_ROWS),
    LeftOut(8200, "2.20.2", "a key with an all-NULL column is taken for new", _BETWEEN),
    LeftOut(8216, "2.20.3", "SELECT DISTINCT by a skip scan drops a filter", _BETWEEN),
    LeftOut(8230, "2.20.3", "an INSERT that checks a boolean in a key crashes", _NO_ROWS),
    LeftOut(8323, "2.21.0", "an UPDATE by an expression index crashes", _NO_ROWS),
    LeftOut(8471, "2.21.3", "after a refresh with MERGE an index scan misses rows", _NOT_SEEN),
    LeftOut(8545, "2.22.0", "locf() and interpolate() of reordered columns fail", _NO_ROWS),
    LeftOut(8599, "2.22.1", "create_chunk() refuses a table with reordered columns", _INTERNAL),
    LeftOut(8607, "2.22.1", "a refresh that is interrupted leaves ranges unrefreshed", _SESSIONS),
    LeftOut(8735, "2.23.0", "a UNION of compressed chunks fails", _NO_ROWS),
    LeftOut(8800, None, "a DELETE of compressed batches causes no refresh", _NOT_SEEN),
    LeftOut(8875, "2.23.1", "a UUIDv7 gives wrong microseconds", _BETWEEN),
    LeftOut(8761, "2.24.0", "bloom filters of another build hide rows after an update", _INTERNAL),
    LeftOut(8933, "2.24.0", "sparse indexes from before 2.15 end in errors", _NO_ROWS),
    LeftOut(8988, "2.24.0", "a second filter of a column does not limit decompression", _NO_ROWS),
    LeftOut(9058, "2.25.0", "chunk skipping misses changed rows", _NOT_SEEN),
    LeftOut(9120, "2.25.0", "DELETE by a bitmap scan leaves rows, PostgreSQL 15 and 16", _NOT_SEEN),
    LeftOut(8851, "2.25.0", "time_bucket() with an offset at a change of clocks", _NOT_SEEN),
    LeftOut(9226, "2.25.1", "buckets of months lose invalidations", _NOT_SEEN),
    LeftOut(9276, "2.25.2", "a default hides a key (null-outside-the-order)", _SAME),
    LeftOut(9294, "2.25.2", "DELETE and UPDATE with WHERE EXISTS fail", _NO_ROWS),
    LeftOut(9308, "2.25.2", "the refresh of buckets with an offset misses changes", _NOT_SEEN),
    LeftOut(9314, "2.25.2", "a generated column is NULL after an INSERT", _BETWEEN),
    LeftOut(9413, "2.26.0", "the DELETE of whole batches is not replicated", _SUBSCRIBER),
    LeftOut(9401, "2.26.0", "a forced refresh refreshes again what it has refreshed", _NO_ROWS),
    LeftOut(9510, "2.26.2", "chunk skipping misses rows after DROP COLUMN", _NOT_SEEN),
    LeftOut(
        8844, "2.26.3", "gapfill returns buckets out of order at a change of clocks", _NOT_SEEN
    ),
    LeftOut(9571, "2.26.3", "two refreshes at once miss changes", _SESSIONS),
    LeftOut(9656, "2.26.4", "two merges at once drop a merged chunk", _SESSIONS),
    LeftOut(9660, "2.26.4", "batches of a refresh overlap", _NO_ROWS),
    LeftOut(9445, "2.27.0", "rows are out of order by a nullable order-by column", _NOT_SEEN),
    LeftOut(
        9705, "2.27.0", "an older snapshot counts rows twice while they are compressed", _SESSIONS
    ),
    LeftOut(9828, "2.27.1", "GROUP BY of an expression counts wrong groups", _NOT_SEEN),
    LeftOut(9830, "2.27.1", "ROLLUP and CUBE count wrong groups", _NOT_SEEN),
    LeftOut(9907, "2.27.2", "a filter by a subquery is dropped from a count", _NOT_SEEN),
    LeftOut(9890, "2.28.0", "batches of a refresh by month are cut at 30 days", _NO_ROWS),
    LeftOut(9926, "2.28.0", "NOT NULL NOT VALID hides rows with NULL", _POSTGRESQL),
    LeftOut(9974, "2.28.0", "MERGE ... NOT MATCHED BY SOURCE differs", _NOT_SEEN),
    LeftOut(10137, "2.28.2", "first and last of a batch are those of another column", _BETWEEN),
    LeftOut(10130, "2.28.3", "ORDER BY time * -1 is in the opposite order", _NOT_SEEN),
    LeftOut(10209, "2.28.3", "stddev() beside avg() of compressed floats is wrong", _NOT_SEEN),
    LeftOut(10052, "2.29.0", "min() and max() of NaN differ from PostgreSQL's", _NOT_SEEN),
    LeftOut(10282, "2.29.0", "direct compression reports a wrong number of rows", _NOT_SEEN),
    LeftOut(10315, "2.29.0", "compact_chunk() leaves overlapping batches", _BETWEEN),
    LeftOut(10324, "2.29.0", "rebuild_sparse_index() leaves old index entries", _INTERNAL),
    LeftOut(10416, "2.29.2", "a merge before 2.28 leaves a CHECK of another range", _INTERNAL),
    LeftOut(10421, "2.29.2", "count(DISTINCT) by a skip scan misses uncompressed rows", _NOT_SEEN),
    LeftOut(10429, "2.29.2", "DISTINCT by a skip scan misses rows of another order", _NOT_SEEN),
    LeftOut(10128, "2.30.0", "a publication of a schema leaves out chunks", _BETWEEN),
    LeftOut(10499, "2.30.0", "a parallel plan loses rows by a filter with a subquery", _NOT_SEEN),
    LeftOut(10506, "2.30.0", "a recompression misplaces NULLs", _NOT_SEEN),
    LeftOut(10515, "2.30.0", "row security reads another column after DROP COLUMN", _ROLE),
    LeftOut(10454, "2.31.0", "a skip scan of equal columns uses the wrong one", _NOT_SEEN),
    LeftOut(10558, "2.31.0", "chunk skipping misses a chunk's maximum and changed rows", _NOT_SEEN),
    LeftOut(10617, "2.31.0", "ORDER BY with another operator family is wrong", _NOT_SEEN),
    LeftOut(10630, "2.31.0", "a join by a space dimension ignores collations", _BETWEEN),
    LeftOut(10635, "2.31.0", "first() and last() by another operator class are wrong", _NOT_SEEN),
    LeftOut(10651, "2.31.0", "GROUP BY evaluates an expression twice", _BETWEEN),
    LeftOut(10747, "2.31.0", "a metadata scan ignores the outer row of a join", _NOT_SEEN),
    LeftOut(10748, "2.31.0", "a constraint-aware append ignores the outer row", _NOT_SEEN),
    LeftOut(10778, "2.31.0", "DISTINCT by a skip scan ignores a filter of constants", _NOT_SEEN),
    LeftOut(10791, "2.31.0", "direct compression without segment-by loses rows", _NOT_SEEN),
    LeftOut(10795, "2.31.0", "rows before ADD COLUMN are out of order by it", _NOT_SEEN),
    LeftOut(10830, "2.31.0", "split_chunk() puts rows into the wrong chunk", _NOT_SEEN),
    LeftOut(10263, None, "a key with a collation of its own (collation-of-an-index)", _SAME),
)
