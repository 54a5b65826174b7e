"""Group unchecked items by reason, and seen items by kind."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.comparing.findings import CATALOG

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.comparing.findings import NotChecked, Seen


_TICKET = "timescaledb#"
#: A reason as `known_gaps.Gap.reason` writes it.
_GAP = re.compile(r"((?:possible )?known gap)( \S+)( of TimescaleDB [^:\s]+)(: .*)", re.DOTALL)


def by_reason(items: Iterable[NotChecked]) -> dict[str, list[str]]:
    """Map each reason to its ids, in the given order.

    All known gaps of a version are one reason, with a sentence about each gap instead of ids: a
    version has dozens of them.
    """
    grouped: dict[str, list[str]] = {}
    for item in items:
        gap = _GAP.fullmatch(item.reason)
        reason = f"{gap[1]}s{gap[3]}" if gap else item.reason
        name = f"{gap[2].strip()}{gap[4]}" if gap else item.id
        names = grouped.setdefault(reason, [])
        if gap is None or name not in names:
            names.append(name)
    return grouped


def objects_of(names: Iterable[str]) -> list[str]:
    """The distinct objects of ids such as `compression:market_data:order_by`; gaps as they are."""
    return list(
        dict.fromkeys(
            name if name.startswith(_TICKET) else ":".join(name.split(":")[:2]) for name in names
        )
    )


def seen_by_kind(items: Iterable[Seen]) -> dict[str, list[str]]:
    """Map each kind, in words, to its distinct objects; parts of catalogs are left out."""
    grouped: dict[str, list[str]] = {}
    for item in items:
        names = grouped.setdefault(item.kind.replace("_", " "), [])
        if item.kind != CATALOG and item.object not in names:
            names.append(item.object)
    return {kind: names for kind, names in grouped.items() if names}
