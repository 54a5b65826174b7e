"""Missing tables that are in a schema that is not checked. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.comparing.facts import EXISTS, FactKey
from conformance.comparing.identifiers import identifier
from conformance.comparing.messages import source_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.comparing.comparison import Comparison


def with_tables_elsewhere(
    comparison: Comparison, places: Mapping[str, tuple[str, str]], default_schema: str
) -> Comparison:
    """The comparison, in which the finding of such a table says where the table is.

    Args:
        places: the name of each missing table in facts -> the schema and name of its namesake.
        default_schema: that of names without one.
    """
    if not places:
        return comparison
    findings, consequences = dict(comparison.findings), dict(comparison.consequences)
    for table, place in places.items():
        key = FactKey("table", table, "", EXISTS)
        if key not in findings:
            continue
        schema = identifier(table.rpartition(".")[0] or default_schema)
        move = f"ALTER TABLE {'.'.join(map(identifier, place))} SET SCHEMA {schema}"
        findings[key] = replace(
            findings[key],
            message=f"{findings[key].message}; {'.'.join(place)} has the same columns",
            hint=f"Read from {source_of(key)}. If somebody ran ALTER TABLE ... SET SCHEMA, run "
            f"{move} in a migration, or name the schema in the models. Otherwise create the table "
            "in a migration.",
        )
        # Its own foreign keys are now those of another schema.
        for other in [each for each in findings if each.attribute == "referred_to_by"]:
            if all(name.startswith(f"{'.'.join(place)}.") for name in findings[other].observed):
                del findings[other]
                consequences[other] = findings[key]
    return replace(comparison, findings=findings, consequences=consequences)
