"""Enum types that the models declare and no column of the database uses. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import EXISTS

if TYPE_CHECKING:
    from conformance.comparing.fact_table import FactTable


def with_declared_types(expected: FactTable, observed: FactTable) -> FactTable:
    """The observed facts, in which a declared enum type is one though no column uses it.

    Without this a type that outlives its last column would be missing, and created a second time.
    """
    unused = [parts for parts in observed.objects if parts[0] == "unused_type"]
    declared = {parts: ("type", *parts[1:]) for parts in unused}
    found = {old: new for old, new in declared.items() if new in expected.objects}
    facts = observed.renamed(found)
    for parts in unused:
        attributes = facts.objects[found.get(parts, parts)] = dict(observed.objects[parts])
        if parts in found:
            attributes[EXISTS] = True
        # The definition of a type that nobody declares has its labels.
        for name in ("definition",) if parts in found else ("labels", "owner"):
            attributes.pop(name, None)
    return facts
