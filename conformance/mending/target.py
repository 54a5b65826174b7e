"""The state that a database is to have: what it has, with the findings mended."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from conformance.comparing.facts import (
    ANYTHING,
    EXISTS,
    Facts,
    OneOf,
    OwnedBy,
    Owner,
    Privileges,
    Unsaid,
    Value,
)
from conformance.comparing.serials import written_out

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.comparing.comparison import Comparison
    from conformance.comparing.findings import Finding


def target_of(
    comparison: Comparison,
    wanted: Callable[[Finding], bool] = lambda _: True,
) -> Facts:
    """The observed facts in which those of the findings, and what follows from them, are expected.

    Args:
        wanted: whether a finding is to be mended; the facts of the others stay as they are.
    """
    expected, observed = comparison.sides
    found = written_out(
        {comparison.names.get(key, key): value for key, value in expected.items()}, observed
    )
    mended = {key for key, finding in comparison.findings.items() if wanted(finding)}
    mended |= {
        key
        for key, finding in comparison.consequences.items()
        if wanted(finding) and not _stays(finding)
    }
    made: Facts = {}
    # In the order of the models, which have the order of the columns.
    for key, value in found.items():
        if key in mended:
            made[key] = _concrete(value, observed.get(key))
        elif key in observed:
            made[key] = observed[key]
    for key, value in observed.items():
        if key not in made and key not in mended:
            made[key] = value
    return _without_parts_of_nothing(made, comparison)


def _stays(finding: Finding) -> bool:
    """Whether no statement mends it: an undeclared hypertable keeps its indexes and policies."""
    return (finding.kind, finding.attribute, finding.disagreement) == (
        "hypertable",
        EXISTS,
        "unexpected",
    )


def _without_parts_of_nothing(facts: Facts, comparison: Comparison) -> Facts:
    """Without the facts of an undeclared object, of which only its existence is a finding.

    What was found under another name is no finding. It is renamed, with its comments and storage.
    """
    gone = {
        key
        for key in comparison.sides[1]
        if key.attribute == EXISTS and key not in facts and key in comparison.findings
    }
    return {
        key: value
        for key, value in facts.items()
        if key.existence not in gone
        and not (key.kind in ("comment", "storage") and not gone.isdisjoint(key.causes()))
    }


def _concrete(value: Value, observed: Value) -> Value:
    """One value of those that are expected."""
    if isinstance(value, Unsaid):
        return observed if value.accepts(observed) else cast("Value", value.value)
    if isinstance(value, OwnedBy):
        if value.role is None and isinstance(observed, Owner):
            return Owner(observed.usual, observed.usual)
        return ANYTHING if value.role is None else Owner(value.role, value.role)
    if isinstance(value, Privileges):
        had = observed if isinstance(observed, tuple) else ()
        return (*value.parts, *(word for word in had if word in value.usual))
    if isinstance(value, OneOf) and value.values:
        return cast("Value", value.values[0])
    return value
