"""Columns by whose range compressed chunks are skipped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import EXISTS, FactKey, Facts
from conformance.declarations import skipping_of

if TYPE_CHECKING:
    from sqlalchemy import Table


def expected(table: Table, name: str, default_schema: str) -> Facts:
    """Each such column."""
    declared = skipping_of(table)
    columns = () if declared is None else declared.columns
    return {FactKey("chunk_skipping", name, column, EXISTS): True for column in columns}
