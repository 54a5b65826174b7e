"""Objects declared by kind and name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import EXISTS, FactKey, Facts
from conformance.declarations import views_of
from conformance.declarations.base import required
from conformance.declarations.objects import DatabaseObject
from conformance.expected.tables import owner_of

if TYPE_CHECKING:
    from sqlalchemy import MetaData


def expected(metadata: MetaData, default_schema: str) -> Facts:
    """The declared objects, their definitions if declared, and owners of types."""
    facts: Facts = {}
    # Schemas that are read are not among the objects; their tables are.
    read = {table.schema for table in (*metadata.tables.values(), *views_of(metadata))}
    for item in required(metadata, DatabaseObject):
        if item.kind == "schema" and item.name in read:
            continue
        name = item.name if item.schema in (None, default_schema) else f"{item.schema}.{item.name}"
        facts[FactKey(item.kind, name, "", EXISTS)] = True
        if item.kind == "composite_type":
            facts[FactKey(item.kind, name, "", "owner")] = owner_of(metadata, name)
        if item.definition is not None:
            definition = " ".join(item.definition.split())
            facts[FactKey(item.kind, name, "", "definition")] = definition
    return facts
