"""Schemas: those that have nothing yet are created for what comes into them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import EXISTS
from conformance.mending.scene import RELATIONS, making
from conformance.mending.sql import name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.mending.scene import Ref, Scene, Step

_INSIDE = frozenset({*RELATIONS, "type", "domain", "sequence", "function", "procedure"})


def steps(scene: Scene) -> Iterator[Step]:
    """CREATE SCHEMA; facts do not say which schemas there are, so one may be there and empty."""
    there = known(scene.before)
    for schema in dict.fromkeys(schema_of(ref) for ref in _created(scene)):
        if schema and schema not in there:
            yield making("schema", create_schema(schema))


def known(objects: Iterable[Ref]) -> set[str]:
    """The schemas that have something; the default one is the empty text."""
    return {schema_of(ref) for ref in objects if ref.kind in _INSIDE}


def create_schema(schema: str) -> str:
    """The statement that creates the schema."""
    return f"CREATE SCHEMA IF NOT EXISTS {name(schema)}"


def _created(scene: Scene) -> Iterator[Ref]:
    for ref, parts in scene.after.items():
        if ref.kind in _INSIDE and EXISTS in parts and ref not in scene.before:
            yield ref


def schema_of(ref: Ref) -> str:
    """Its schema; empty for the default one."""
    schema, dot, _ = ref.table.partition(".")
    return schema if dot else ""
