"""What is done to chunks while others read and write them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import cycle
from typing import TYPE_CHECKING

from hypothesis import strategies as st
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from conformance.observed.home import function
from conformance.suite.sessions import Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypothesis.strategies import SearchStrategy

    from conformance.suite.sessions import Script

#: SQLSTATEs by which maintenance gives way: deadlock_detected, serialization_failure.
_GIVEN_WAY = {"40P01", "40001"}
_COMPRESS, _DECOMPRESS = "compress_chunk", "decompress_chunk"
_IS_COMPRESSED = text(
    "SELECT is_compressed FROM timescaledb_information.chunks"
    " WHERE format('%I.%I', chunk_schema, chunk_name) = :chunk"
)


@dataclass(frozen=True)
class Work:
    """A chunk to compress or to decompress, if it is not so already.

    Attributes:
        function: TimescaleDB's, that does it.
        chunk: the chunk's name, as SQL.
    """

    function: str
    chunk: str

    @property
    def compresses(self) -> bool:
        """Whether the chunk is compressed when it is done."""
        return self.function == _COMPRESS

    def carry_out(self, connection: Connection) -> None:
        """Do it, in the connection's transaction."""
        called = function(connection, self.function)
        call = text(f"SELECT {called}(CAST(:chunk AS regclass), true)")
        connection.execute(call, {"chunk": self.chunk})

    def is_compressed(self, connection: Connection) -> bool:
        """Whether the chunk is compressed now, be it in part."""
        return bool(connection.scalar(_IS_COMPRESSED, {"chunk": self.chunk}))


def maintenance(chunks: Sequence[str]) -> SearchStrategy[list[Work]]:
    """Some chunks to compress and to decompress.

    Args:
        chunks: their names, as SQL.
    """
    work = st.builds(Work, st.sampled_from((_COMPRESS, _DECOMPRESS)), st.sampled_from(chunks))
    return st.lists(work, min_size=1, max_size=3)


def maintain(works: Sequence[Work]) -> Script:
    """Each of them, and then the end of its transaction.

    PostgreSQL may end maintenance to let writers go on, by a deadlock or a serialization failure.
    A policy then tries again at its next run; here it is left undone.
    """
    return [
        step
        for work in works
        for step in (
            Step(f"{work.function}({work.chunk})", partial(_carry_out_or_give_way, work)),
            Step("commit", Connection.commit),
        )
    ]


def upkeep(chunks: Sequence[str]) -> Step:
    """A step that compresses or decompresses the next chunk each time, and commits."""
    works = cycle([Work(name, chunk) for name in (_COMPRESS, _DECOMPRESS) for chunk in chunks])

    def run(connection: Connection) -> None:
        _carry_out_or_give_way(next(works), connection)
        connection.commit()

    return Step("compress and decompress chunks", run)


def _carry_out_or_give_way(work: Work, connection: Connection) -> None:
    try:
        work.carry_out(connection)
    except DBAPIError as error:
        connection.rollback()
        if getattr(error.orig, "pgcode", None) not in _GIVEN_WAY:
            raise
