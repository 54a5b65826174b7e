"""What a statement comes to at real sizes, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.gate.evidence.report import Estimate

#: From here on parts of one do not matter.
_WHOLE = 100


def told(estimate: Estimate) -> str:
    """`statement 4, readings: 0.3 to 75 s under ACCESS EXCLUSIVE`."""
    low, high = _number(estimate.low), _number(estimate.high)
    span = low if low == high else f"{low} to {high}"
    limit = f" ({estimate.limit_name})" if estimate.limit is not None else ""
    return f"statement {estimate.statement}, {estimate.relation}: {span} {estimate.what}{limit}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) or value >= _WHOLE else f"{value:.3g}"
