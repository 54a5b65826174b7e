"""Group unchecked items by reason, and seen items by kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.findings import CATALOG

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.comparing.findings import NotChecked, Seen


def by_reason(items: Iterable[NotChecked]) -> dict[str, list[str]]:
    """Map each reason to its ids, in the given order."""
    grouped: dict[str, list[str]] = {}
    for item in items:
        grouped.setdefault(item.reason, []).append(item.id)
    return grouped


def objects_of(ids: Iterable[str]) -> list[str]:
    """The distinct objects of ids such as `compression:market_data:order_by`."""
    return list(dict.fromkeys(":".join(name.split(":")[:2]) for name in ids))


def seen_by_kind(items: Iterable[Seen]) -> dict[str, list[str]]:
    """Map each kind, in words, to its distinct objects; parts of catalogs are left out."""
    grouped: dict[str, list[str]] = {}
    for item in items:
        names = grouped.setdefault(item.kind.replace("_", " "), [])
        if item.kind != CATALOG and item.object not in names:
            names.append(item.object)
    return {kind: names for kind, names in grouped.items() if names}
