"""Which entries of the catalog count as traces of a migration. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections import Counter


def is_home(trace: str, *states: Counter[str]) -> bool:
    """Whether the trace is the schema of Alembic's version table, which some state counts as 0."""
    return trace.startswith("schema ") and any(state.get(trace) == 0 for state in states)
