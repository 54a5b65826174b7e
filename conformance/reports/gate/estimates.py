"""What a statement comes to at real sizes, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.gate.evidence.amounts import in_bytes

if TYPE_CHECKING:
    from conformance.gate.evidence.report import Estimate

#: From here on parts of one do not matter.
_WHOLE = 100
#: Begins what is counted in bytes, `bytes of WAL`.
_BYTES = "bytes "


def told(estimate: Estimate) -> str:
    """`statement 4, readings: 0.3 to 75 s under ACCESS EXCLUSIVE`."""
    return f"statement {estimate.statement}, {estimate.relation}: {amount(estimate)}"


def amount(estimate: Estimate) -> str:
    """`0.3 to 75 seconds of ACCESS EXCLUSIVE`, with the limit if there is one."""
    what = estimate.what.removeprefix(_BYTES)
    words = _number if what == estimate.what else in_bytes
    low, high = words(estimate.low), words(estimate.high)
    span = low if low == high else f"{low} to {high}"
    limit = f" ({estimate.limit_name})" if estimate.limit is not None else ""
    return f"{span} {what}{limit}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) or value >= _WHOLE else f"{value:.3g}"
