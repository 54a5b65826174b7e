"""Objects whose names in facts are also those of other objects: no statement may name them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import parts_of_signature, referred
from conformance.mending.scene import Ref

if TYPE_CHECKING:
    from collections.abc import Collection

    from conformance.mending.scene import Objects

REASON = "its name has a dot or begins with an angle bracket; write the statement by hand"
#: Their names in facts have no schema, or always one.
_OTHERS = frozenset({"extension", "setting", "schema", "job", "default_privilege"})
#: Facts have such names for what the models do not name.
_UNNAMED = frozenset({"index", "unique", "check", "exclusion", "foreign_key"})


def unclear(expected: Objects, observed: Objects, schemas: Collection[str]) -> set[Ref]:
    """The objects whose names could be those of others.

    A table `a.b` of the default schema has the name of the table `b` in the schema `a`, and an
    index `<b>` that of an unnamed one.

    Args:
        schemas: those that stand before names of the facts.
    """
    found = {ref for ref in observed if ref.kind in _UNNAMED and ref.name.startswith("<")}
    for objects in (expected, observed):
        for ref, parts in objects.items():
            target, _ = referred(parts.get("references"))
            # The tables of the default schema are all among the objects: another one is elsewhere.
            known = {*schemas, target.partition(".")[0]}
            elsewhere = not any(Ref("table", target) in side for side in (expected, observed))
            if ref.kind not in _OTHERS and (
                _has_another_dot(_relation(ref), schemas)
                or _has_another_dot(target, known if elsewhere else schemas)
            ):
                found.add(ref)
    return found


def _relation(ref: Ref) -> str:
    if ref.kind in ("function", "procedure"):
        return parts_of_signature(ref.table)[0]
    if ref.kind != "privilege":
        return ref.table
    if ref.table.startswith("schema "):
        return ""
    if ref.table.startswith("function "):
        return parts_of_signature(ref.table.removeprefix("function "))[0]
    return ref.table.partition(" (")[0]


def _has_another_dot(name: str, schemas: Collection[str]) -> bool:
    schema, dot, local = name.partition(".")
    return bool(dot) and (schema not in schemas or "." in local)
