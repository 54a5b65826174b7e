"""Rows from metadata: Hypothesis strategies for any SQLAlchemy table.

@given(rows(MarketData, parents={"instruments.id": [1, 2]}))
def test_a_row_is_accepted(row): ...
"""

from conformance.strategies.batches import batches, natural_key, rewritten
from conformance.strategies.canonical import canonical, canonical_row
from conformance.strategies.derivation import (
    Row,
    Span,
    checks_not_understood,
    chunk_starts,
    default_span,
    unknown_columns,
)
from conformance.strategies.edges import (
    checks_of,
    columns_of,
    narrowly_refused_by,
    precarious_values,
    refused_by,
)
from conformance.strategies.rows import NotDerivable, rows

__all__ = [
    "NotDerivable",
    "Row",
    "Span",
    "batches",
    "canonical",
    "canonical_row",
    "checks_not_understood",
    "checks_of",
    "chunk_starts",
    "columns_of",
    "default_span",
    "narrowly_refused_by",
    "natural_key",
    "precarious_values",
    "refused_by",
    "rewritten",
    "rows",
    "unknown_columns",
]
