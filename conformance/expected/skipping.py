"""Chunk skipping: the columns by whose range a query skips compressed chunks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import EXISTS, Objects
from conformance.declarations import skipping_of

if TYPE_CHECKING:
    from sqlalchemy import Table


def expected(table: Table, name: str, default_schema: str) -> Objects:
    """Every column with declared chunk skipping."""
    declared = skipping_of(table)
    for column in () if declared is None else declared.columns:
        yield "chunk_skipping", name, column, {EXISTS: True}
