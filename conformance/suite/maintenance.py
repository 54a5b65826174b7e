"""What is done to chunks while others read and write them."""

from __future__ import annotations

from functools import partial
from itertools import cycle
from typing import TYPE_CHECKING

from hypothesis import strategies as st
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from conformance.suite.sessions import Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypothesis.strategies import SearchStrategy

    from conformance.suite.sessions import Script

#: A function of TimescaleDB and the chunk that it is called with.
Work = tuple[str, str]

#: SQLSTATEs by which maintenance gives way: deadlock_detected, serialization_failure.
_GIVEN_WAY = {"40P01", "40001"}
#: With true they leave alone what is in the state already.
_FUNCTIONS = ("compress_chunk", "decompress_chunk")


def maintenance(chunks: Sequence[str]) -> SearchStrategy[list[Work]]:
    """Some chunks to compress and to decompress.

    Args:
        chunks: their names, as SQL.
    """
    return st.lists(st.tuples(st.sampled_from(_FUNCTIONS), st.sampled_from(chunks)), min_size=1,
                    max_size=3)  # fmt: skip


def maintain(works: Sequence[Work]) -> Script:
    """Each of them, and then the end of its transaction.

    PostgreSQL may end maintenance to let writers go on, by a deadlock or a serialization failure.
    A policy then tries again at its next run; here it is left undone.
    """
    return [step for work in works for step in (_step(work), Step("commit", Connection.commit))]


def upkeep(chunks: Sequence[str]) -> Step:
    """A step that compresses or decompresses the next chunk each time, and commits."""
    works = cycle([(function, chunk) for function in _FUNCTIONS for chunk in chunks])

    def run(connection: Connection) -> None:
        _call(connection, *next(works))
        connection.commit()

    return Step("compress and decompress chunks", run)


def _step(work: Work) -> Step:
    function, chunk = work
    return Step(f"{function}({chunk})", partial(_call, function=function, chunk=chunk))


def _call(connection: Connection, function: str, chunk: str) -> None:
    call = text(f"SELECT {function}(CAST(:chunk AS regclass), true)")
    try:
        connection.execute(call, {"chunk": chunk})
    except DBAPIError as error:
        connection.rollback()
        if getattr(error.orig, "pgcode", None) not in _GIVEN_WAY:
            raise
