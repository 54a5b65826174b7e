"""Which statements end a transaction, or cannot run in one. Pure.

Sources: PostgreSQL documentation, "COMMIT", "VACUUM", "CREATE INDEX" (CONCURRENTLY), "ALTER
SYSTEM"; TimescaleDB documentation, "refresh_continuous_aggregate", "CREATE INDEX
(Transaction per chunk)".
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from conformance.gate.rules.sentences import first_words

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Comments, strings and quoted names, whose semicolons end nothing.
_OPAQUE = re.compile(
    r"--[^\n]*|/\*.*?\*/|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"",
    re.DOTALL,
)
_ENDS = re.compile(
    r"(COMMIT|END|ABORT|PREPARE TRANSACTION|ROLLBACK(?!( WORK| TRANSACTION)? TO\b))\b"
)
#: Words of a revision's or of env.py's source that leave the transaction.
_LEAVES = re.compile(
    r"autocommit_block|AUTOCOMMIT|\.autocommit\s*=\s*True"
    r"|\b(?i:(?:INDEX|TABLE|PARTITION)\s+CONCURRENTLY|transaction_per_chunk"
    r"|CALL\s+(?:\w+\.)?refresh_continuous_aggregate"
    r"|VACUUM\b(?=[^\n]*['\"])|ALTER\s+SYSTEM|(?:CREATE|DROP)\s+(?:DATABASE|TABLESPACE))"
)
#: SQLSTATEs active_sql_transaction and invalid_transaction_termination.
IN_A_TRANSACTION = frozenset({"25001", "2D000"})
#: SQLSTATEs object_in_use and unsafe_new_enum_value_usage, which a commit in between avoids.
NEEDS_COMMIT = frozenset({"55006", "55P04"})


def ends_transaction(sql: str) -> str | None:
    """The statement of a text that ends a transaction; None if none does."""
    for statement in _OPAQUE.sub(" ", sql).split(";"):
        if _ENDS.match(first_words(statement)):
            return " ".join(statement.split())
    return None


def leaves_transaction(source: str) -> tuple[str, int] | None:
    """The words of a revision's upgrade that leave its transaction, and their line; None: none do.

    A guess: words may stand in a function that is not called. Docstrings and `downgrade()` do not
    count.
    """
    ignored = set(_ignored_lines(ast.parse(source)))
    for number, line in enumerate(source.splitlines(), 1):
        match = None if number in ignored else _LEAVES.search(line.partition("#")[0])
        if match is not None:
            return " ".join(match[0].split()), number
    return None


def _ignored_lines(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        unused = isinstance(node, ast.FunctionDef) and node.name == "downgrade"
        text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if unused or text:
            assert isinstance(node, ast.stmt)
            yield from range(node.lineno, (node.end_lineno or node.lineno) + 1)
