"""Findings by the relation that they are about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.codes import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from conformance.comparing.findings import Finding

#: The group of findings that are about no relation, such as an extension's.
WHOLE_DATABASE = ""


def relation_of(finding: Finding, relations: Collection[str]) -> str:
    """The relation of `market_data.close`; `WHOLE_DATABASE` if it is about none.

    Of `a` and `a.b`, which may be a relation in another schema, the longest fits best.
    """
    parts = finding.object.split(" (", 1)[0].split(".")
    names = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
    candidates = (finding.object, *names)
    return next((name for name in candidates if name in relations), WHOLE_DATABASE)


def by_relation(
    findings: Iterable[Finding], relations: Collection[str]
) -> dict[str, list[Finding]]:
    """Findings by relation: the whole database first, then the worst relation.

    A relation with an error comes before one that has warnings alone.
    """
    grouped: dict[str, list[Finding]] = {}
    for finding in findings:
        grouped.setdefault(relation_of(finding, relations), []).append(finding)
    for found in grouped.values():
        found.sort(key=lambda finding: SEVERITIES.index(finding.severity))
    order = sorted(
        grouped,
        key=lambda name: (
            name != WHOLE_DATABASE,
            -sum(finding.fails for finding in grouped[name]),
            -len(grouped[name]),
            name,
        ),
    )
    return {name: grouped[name] for name in order}
