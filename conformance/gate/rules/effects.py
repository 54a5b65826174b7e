"""Statements that change rows by a condition that no generated row meets. Pure.

What they change, decompress and lose in a real database cannot be seen.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.gate.evidence.state import changed_rows
from conformance.gate.rules.rows import deleted_rows
from conformance.gate.rules.sentences import shortened, without_comments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.gate.evidence.evidence import Evidence
    from conformance.gate.evidence.report import Statement

_NAME = r'(?:"?public"?\.)?(?P<table>"[^"]+"|[\w.]+)'
_CHANGES = re.compile(
    rf"(?:WITH\b.*\) ?)?(?:UPDATE|DELETE FROM|MERGE INTO) (?:ONLY )?{_NAME}(?![\w.\"])",
    re.IGNORECASE,
)
_DROPS_CHUNKS = re.compile(
    rf"SELECT\b.*\bdrop_chunks ?\( ?(?:\w+ ?(?:=>|:=) ?)?'{_NAME}'", re.IGNORECASE
)


def without_effect(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """The statements that change no generated row although their table has some, and why."""
    if evidence.after is None:
        return
    # Of whole compressed batches that are deleted the server counts no row.
    lost = deleted_rows(evidence.before, evidence.after)
    filled = {item.name for item in evidence.before.contents.values() if item.rows} - lost.keys()
    changed = [f"{name}." for name, _ in changed_rows(evidence.before, evidence.after)]
    for statement in evidence.statements:
        table = _table(_CHANGES, statement)
        writes = any(item.written for item in statement.rows)
        if statement.transaction is None:
            # What the server did not count there, the states tell.
            writes |= any(name.startswith(f"{table}.") for name in changed)
        finds_none = (table in filled and not writes) or _table(_DROPS_CHUNKS, statement) in filled
        if finds_none and not statement.by_alembic:
            yield (
                f"statement {statement.number}",
                "the statement finds no generated row, and its effect was not seen: "
                f"{shortened(statement.sql)}. conformance gate --on rehearses it on a copy of a "
                "real database",
            )


def _table(pattern: re.Pattern[str], statement: Statement) -> str | None:
    match = pattern.match(" ".join(without_comments(statement.sql).split()))
    if match is None:
        return None
    name = match["table"]
    return name[1:-1] if name.startswith('"') else name.lower()
