"""Columns that draw their default from a sequence: written as serial, or as nextval(). Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.comparing.fact_table import FactTable
from conformance.comparing.facts import Expression, FactKey, Facts, Value, show
from conformance.comparing.messages import source_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conformance.comparing.findings import Finding

#: As the server prints it, with casts to the type of the column: `((nextval(...))::integer)::text`.
_DRAWS = re.compile(
    r"\(*nextval\('(?:.*\.)?\"?(?P<name>[^.]+?)\"?'(::regclass|::text)?\)(\)?::[\w ]+)*", re.DOTALL
)


def written_out(expected: Facts, observed: Facts) -> FactTable:
    """The expected facts, with nextval() of a serial column's own sequence as serial.

    That is what SERIAL is (PostgreSQL documentation, "Serial Types"), and how other tools print the
    column.
    """
    found = FactTable.of(expected)
    there = FactTable.of(observed).objects
    changed: dict[FactKey, Value] = {}
    for parts, attributes in found.objects.items():
        name = _sequence_of(attributes.get("default"))
        if name is None:
            continue
        key = FactKey(*parts, "default")
        identity = key._replace(attribute="identity")
        schema, dot, table = key.table.rpartition(".")
        own = f"{table}_{key.name}_seq"
        column = there.get(parts)
        # A column that is missing may be there under another name.
        is_serial = (
            _is_serial(column.get("identity"))
            if column
            else ("sequence", f"{schema}{dot}{own}", "") not in found.objects
        )
        if name == own and attributes["identity"] is None and is_serial:
            changed |= {key: None, identity: "serial"}
    if not changed:
        return found
    written = FactTable(found)
    written.merge(changed)
    return written


def of_one_sequence(
    expected: Facts, observed: Facts, findings: dict[FactKey, Finding]
) -> Iterator[tuple[FactKey, Sequence[FactKey], Finding]]:
    """Columns that draw from a sequence of their own on one side alone: default and identity."""
    for key in list(findings):
        identity = key._replace(attribute="identity")
        if key.attribute != "default" or identity not in findings:
            continue
        sides = [(facts.get(key), facts.get(identity)) for facts in (observed, expected)]
        if any(_sequence_of(default) for default, _ in sides):
            there, declared = (_described(*side) for side in sides)
            yield (
                key,
                (identity,),
                replace(
                    findings[key],
                    others=(identity.id,),
                    expected=declared,
                    observed=there,
                    message=f"column {key.object}: is {there} in the database, the models declare"
                    f" {declared}",
                    hint=f"Read from {source_of(key)}. A serial or identity column has a"
                    " sequence of its own; nextval() draws from a sequence of another table, or of"
                    " none. Change one side.",
                ),
            )


def _sequence_of(default: Value) -> str | None:
    """The sequence that the default draws from, without its schema."""
    found = _DRAWS.fullmatch(default.canonical) if isinstance(default, Expression) else None
    return found["name"] if found else None


def _is_serial(identity: Value) -> bool:
    return str(identity).partition(" ")[0] == "serial"


def _described(default: Value, identity: Value) -> str:
    if identity is None:
        return f"DEFAULT {show(default)}"
    return (
        show(identity) if _is_serial(identity) else f"GENERATED {str(identity).upper()} AS IDENTITY"
    )
