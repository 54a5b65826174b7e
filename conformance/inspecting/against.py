"""What the models lack: facts of the database that the models do not declare. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from conformance.comparing.facts import EXISTS, FactKey
from conformance.comparing.kinds import NOT_OF_MODELS
from conformance.comparing.seen import PRIVILEGES, is_never_judged, is_part

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.comparing.comparison import Comparison
    from conformance.comparing.facts import Facts
    from conformance.inspecting.observed import Observed


@dataclass(frozen=True)
class Models:
    """What is known of the models.

    Attributes:
        expected: their facts.
        reference: the code of their metadata, `Base.metadata`.
        classes: the names of the classes, by table or view.
        views: the views that have a class.
        conventions: the metadata's naming conventions.
    """

    expected: Facts
    reference: str = "Base.metadata"
    classes: Mapping[str, str] = field(default_factory=dict)
    views: frozenset[str] = frozenset()
    conventions: Mapping[str, Any] = field(default_factory=dict)


def lacking(comparison: Comparison, observed: Observed) -> set[FactKey]:
    """The facts of the database that the models do not declare, or declare otherwise."""
    differing = {*comparison.findings, *comparison.consequences}
    known = {*comparison.conforming, *comparison.not_checked, *differing}
    unseen = {
        key
        for key in {*observed.facts} - known
        if key.kind not in NOT_OF_MODELS and not _is_of_no_model(observed, key)
    }
    return differing & {*observed.facts} | unseen


def missing_tables(wanted: set[FactKey], models: Models) -> list[str]:
    """The tables that the models lack."""
    return sorted(
        key.table
        for key in wanted
        if key.kind == "table" and key.attribute == EXISTS and key not in models.expected
    )


def other_columns(wanted: set[FactKey], models: Models) -> list[tuple[str, str]]:
    """The columns that tables of the models lack, or have otherwise."""
    return sorted(
        {
            (key.table, key.name)
            for key in wanted
            if key.kind == "column" and FactKey("table", key.table, "", EXISTS) in models.expected
        }
    )


def _is_of_no_model(observed: Observed, key: FactKey) -> bool:
    """Whether it is a part of something else, or a privilege that no model is to name."""
    value = observed.facts.get(key.existence)
    return is_part(value) or (key.kind in PRIVILEGES and is_never_judged(value))
