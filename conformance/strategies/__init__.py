"""Rows from metadata: Hypothesis strategies for any SQLAlchemy table.

@given(rows(MarketData, parents={"instruments.id": [1, 2]}))
def test_a_row_is_accepted(row): ...
"""

from conformance.strategies.batches import batches, natural_key, rewritten
from conformance.strategies.parts import NotDerivable
from conformance.strategies.precarious import precarious_values
from conformance.strategies.refused import checks_of, columns_of, refused_by
from conformance.strategies.respelling import canonical, canonical_row
from conformance.strategies.rows import Row, checks_not_understood, rows
from conformance.strategies.values.axes import chunk_starts, default_span

__all__ = [
    "NotDerivable",
    "Row",
    "batches",
    "canonical",
    "canonical_row",
    "checks_not_understood",
    "checks_of",
    "chunk_starts",
    "columns_of",
    "default_span",
    "natural_key",
    "precarious_values",
    "refused_by",
    "rewritten",
    "rows",
]
