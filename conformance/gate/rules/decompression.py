"""Judge statements that decompress rows of compressed chunks. Pure.

Source: TimescaleDB documentation, "Configuration": max_tuples_decompressed_per_dml_transaction,
100000 by default, 0 for no limit. Inserting rows and deleting whole segments decompress nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.gate.evidence.report import DECOMPRESSION_LIMIT, GateFinding
from conformance.gate.rules.sentences import first_words, keyword

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conformance.gate.evidence.report import Decompressed, Statement

_HINT = (
    "Process one chunk per transaction: a DO block in an op.get_context().autocommit_block() can "
    "COMMIT after each chunk. Compress the chunks again afterwards. SET LOCAL raises the limit for "
    "one transaction."
)


def judge_decompression(revision: str, statements: Sequence[Statement]) -> Iterator[GateFinding]:
    """Find the first statement that decompresses rows, for each table."""
    said: set[str] = set()
    for statement, item in decompressing(statements):
        if item.relation not in said:
            said.add(item.relation)
            pronoun = "it" if item.compressed == 1 else "them"
            yield GateFinding(
                "decompression",
                revision,
                item.relation,
                f"Statement {statement.number} decompresses rows of {_chunks(item)} of "
                f"{item.relation}, and leaves {pronoun} partly compressed. "
                f"{_limited(statement)}",
                _HINT,
                statement.number,
            )


def decompressing(statements: Sequence[Statement]) -> Iterator[tuple[Statement, Decompressed]]:
    """The statements that decompress rows of existing chunks."""
    for statement in statements:
        if only_adds(statement.sql):
            continue
        for item in statement.partly_compressed:
            if item.existed:
                yield statement, item


def only_adds(sql: str) -> bool:
    """Whether the statement writes new rows alone."""
    return keyword(sql) in ("INSERT", "COPY") and "ON CONFLICT" not in first_words(sql)


def _chunks(item: Decompressed) -> str:
    if item.compressed == 1:
        return "the one compressed chunk"
    return f"{item.chunks} of {item.compressed} compressed chunks"


def _limited(statement: Statement) -> str:
    limit = statement.decompression_limit or 0
    if not limit:
        return f"{DECOMPRESSION_LIMIT} is 0, so there is no limit."
    return (
        f"With more than {limit:,} such rows in one transaction the statement fails: "
        f"{DECOMPRESSION_LIMIT} is {limit}."
    )
