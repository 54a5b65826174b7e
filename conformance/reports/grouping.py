"""What is not checked, grouped by its reason: a reason may stand for a hundred facts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.comparing.findings import NotChecked


def by_reason(items: Iterable[NotChecked]) -> dict[str, list[str]]:
    """Reason -> ids, in the order in which they came."""
    grouped: dict[str, list[str]] = {}
    for item in items:
        grouped.setdefault(item.reason, []).append(item.id)
    return grouped


def objects_of(ids: Iterable[str]) -> list[str]:
    """`compression:market_data:order_by` -> `compression:market_data`, each once."""
    return list(dict.fromkeys(":".join(name.split(":")[:2]) for name in ids))
