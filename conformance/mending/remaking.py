"""Which objects must be dropped and created, although they do not differ, so that others can."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.comparing.facts import DERIVED, EXISTS, referred
from conformance.mending import types, views
from conformance.mending.scene import Objects, Parts, Ref, differing
from conformance.mending.sql import relation, type_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEYS = ("primary_key", "unique")
_ON_COLUMNS = (*_KEYS, "foreign_key", "check", "exclusion", "index")
#: While one of these names a column, PostgreSQL neither retypes nor drops the column.
_ON_ROWS = ("trigger", "row_security_policy")
_ATTRIBUTES = ("columns", "include", "expression", "predicate")
#: What goes with a view that is dropped.
_OF_VIEWS = ("index", "compression", "policy", "trigger", "rule", "storage", "privilege")


def objects_to_remake(before: Objects, after: Objects) -> set[Ref]:
    """Those that depend on an object that is dropped, and on which nothing else depends."""
    remade: set[Ref] = set()
    while True:
        more = set(_dependents(before, after, remade)) - remade
        if not more:
            return remade
        remade |= more


def _dependents(before: Objects, after: Objects, remade: set[Ref]) -> Iterator[Ref]:
    columns = {ref for ref in before if ref.kind == "column" and _is_made_anew(ref, before, after)}
    columns |= {ref for ref in remade if ref.kind == "column"}
    retyped = {ref for ref in before if ref.kind == "column" and _is_retyped(ref, before, after)}
    tables = {column.table for column in retyped}
    of_enums = {*_of_replaced_enums(before, after)}
    gone = {ref for ref in before if ref.kind in DERIVED and ref not in after}
    for ref, parts in before.items():
        then = after.get(ref)
        if then is None or EXISTS not in then:
            continue
        if (
            (
                ref.kind in DERIVED
                and (
                    views.is_made_anew(ref, parts, then)
                    or any(views.names_relation(parts, table) for table in tables)
                    or any(views.names_column(parts, column) for column in of_enums)
                    or any(
                        other.kind in DERIVED and views.names_relation(parts, other.table)
                        for other in remade | gone
                    )
                )
            )
            or (ref.kind in _OF_VIEWS and any(Ref(kind, ref.table) in remade for kind in DERIVED))
            or (
                ref.kind in _ON_COLUMNS
                and any(
                    column.table == ref.table and _names(parts, column.name) for column in columns
                )
            )
            or (
                ref.kind in _ON_COLUMNS
                and any(
                    column.table == ref.table and _computes(parts, column.name)
                    for column in of_enums
                )
            )
            or (
                parts.get("generated") is not None
                and then.get("generated") is not None
                and any(
                    column.table == ref.table and _names(parts, column.name, ("generated",))
                    for column in retyped | columns
                )
            )
            or (ref.kind == "comment" and ref._replace(kind="column") in columns)
            or (
                ref.kind in _ON_ROWS
                and any(
                    column.table == ref.table
                    and _names(parts, column.name, ("events", "condition", "using", "check"))
                    for column in retyped | columns | of_enums
                )
            )
            or (ref.kind == "foreign_key" and refers_to_dropped(parts, before, after, remade))
        ):
            yield ref


def _of_replaced_enums(before: Objects, after: Objects) -> Iterator[Ref]:
    """The columns of enum types that get a new type in their place."""
    replaced = {
        relation(ref.table)
        for ref, parts in before.items()
        if ref.kind == "type" and ref in after and types.is_replaced(parts, after[ref])
    }
    for ref, parts in before.items():
        if ref.kind == "column" and type_of(parts.get("type")).removesuffix("[]") in replaced:
            yield ref


def _is_made_anew(ref: Ref, before: Objects, after: Objects) -> bool:
    """Whether the column is dropped and added: it becomes a generated one, or is one."""
    old, new = before[ref], after.get(ref)
    if new is None or EXISTS not in new:
        return False
    anew = differing(old, new) & {"generated", "generated_storage"}
    plain = new.get("generated") is None and old.get("generated_storage") == "stored"
    return bool(anew) and not plain


def _is_retyped(ref: Ref, before: Objects, after: Objects) -> bool:
    """Whether PostgreSQL refuses the change while a view names the column."""
    old, new = before[ref], after.get(ref)
    gone = new is None or EXISTS not in new
    return gone or bool(
        differing(old, new or {}) & {"type", "collation", "generated", "generated_storage"}
    )


def _names(parts: Parts, column: str, attributes: tuple[str, ...] = _ATTRIBUTES) -> bool:
    """Whether the constraint, index, trigger or policy names the column in these attributes."""
    said = " ".join(str(item) for attribute in attributes for item in _listed(parts.get(attribute)))
    return bool(re.search(rf"(?<!\w){re.escape(column)}(?!\w)", said))


def _computes(parts: Parts, column: str) -> bool:
    """Whether an expression of the constraint or index names the column, with the type's values."""
    computed = tuple(item for item in _listed(parts.get("columns")) if "(" in str(item))
    return _names({**parts, "columns": computed}, column, ("columns", "expression", "predicate"))


def _listed(value: object) -> tuple[object, ...]:
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)


def refers_to_dropped(parts: Parts, before: Objects, after: Objects, remade: set[Ref]) -> bool:
    """Whether the foreign key refers to a key that is dropped, or dropped and created."""
    table, columns = referred(parts.get("references"))
    for ref, key in before.items():
        if ref.kind not in _KEYS or ref.table != table:
            continue
        if {*map(str, _listed(key.get("columns")))} != {*columns}:
            continue
        then = after.get(ref)
        changed = set() if then is None else differing(key, then) - {"name"}
        if then is None or changed or ref in remade:
            return True
    return False
