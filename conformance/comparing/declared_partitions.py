"""Partitions that models declare as tables of their own: compared with their table. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.comparing.findings import NotChecked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.comparing.comparison import Comparison
    from conformance.comparing.facts import FactKey


def with_declared_partitions(comparison: Comparison, parents: Mapping[str, str]) -> Comparison:
    """The comparison, in which the facts of these tables are not checked instead of missing.

    What was done to one partition alone is a finding of its table.

    Args:
        parents: the name of each declared table that is a partition -> that of its table.
    """
    unchecked = {
        key: f"the database has the table as a partition of {parents[relation]}: partitions are"
        " compared with their table, and need no declaration"
        for key in (*comparison.findings, *comparison.consequences)
        if (relation := _relation(key)) in parents
    }
    if not unchecked:
        return comparison
    not_checked = {key: NotChecked(key.id, reason) for key, reason in unchecked.items()}
    both = {**comparison.not_checked, **not_checked}
    return replace(
        comparison,
        findings={k: v for k, v in comparison.findings.items() if k not in unchecked},
        consequences={k: v for k, v in comparison.consequences.items() if k not in unchecked},
        not_checked=dict(sorted(both.items(), key=lambda item: item[0].sort_key())),
    )


def _relation(key: FactKey) -> str:
    """The table of the fact; a privilege may be on a column of it."""
    return key.table.partition(" (")[0] if key.kind == "privilege" else key.table
