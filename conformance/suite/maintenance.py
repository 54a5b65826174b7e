"""Compression and decompression of chunks while other sessions read and write them."""

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

#: SQLSTATEs with which PostgreSQL ends maintenance: deadlock_detected, serialization_failure.
_GIVEN_WAY = {"40P01", "40001"}
_COMPRESS, _DECOMPRESS = "compress_chunk", "decompress_chunk"
#: The first bit of a chunk's status (chunk.h). The view of all chunks takes twenty times as long.
_IS_COMPRESSED = text("SELECT _timescaledb_functions.chunk_status(CAST(:chunk AS regclass)) & 1")


@dataclass(frozen=True)
class Work:
    """Compress or decompress a chunk, unless it is so already.

    Attributes:
        function: TimescaleDB's function, `compress_chunk` or `decompress_chunk`.
        chunk: the name of the chunk, as SQL.
    """

    function: str
    chunk: str

    @property
    def compresses(self) -> bool:
        """Whether the chunk is compressed afterwards."""
        return self.function == _COMPRESS

    def carry_out(self, connection: Connection) -> None:
        """Call the function in the transaction of the connection."""
        called = function(connection, self.function)
        call = text(f"SELECT {called}(CAST(:chunk AS regclass), true)")
        connection.execute(call, {"chunk": self.chunk})

    def is_compressed(self, connection: Connection) -> bool:
        """Whether the chunk is compressed now, at least partially."""
        return bool(connection.scalar(_IS_COMPRESSED, {"chunk": self.chunk}))


def maintenance(chunks: Sequence[str]) -> SearchStrategy[list[Work]]:
    """Lists of chunks to compress or decompress.

    Args:
        chunks: the names of the chunks, as SQL.
    """
    work = st.builds(Work, st.sampled_from((_COMPRESS, _DECOMPRESS)), st.sampled_from(chunks))
    return st.lists(work, min_size=1, max_size=3)


def maintain(works: Sequence[Work]) -> Script:
    """The steps for these works, each in a transaction of its own.

    PostgreSQL may end maintenance in favour of a writer, by a deadlock or a serialization failure.
    A policy would try again at its next run; here the work is skipped.
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
    """A step that compresses or decompresses the next chunk each time it runs, and commits."""
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
