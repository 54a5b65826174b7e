"""Enum types that columns use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Enum

from conformance.comparing.facts import EXISTS, FactKey, Facts
from conformance.declarations import tables_of
from conformance.expected.tables import owner_of

if TYPE_CHECKING:
    from sqlalchemy import MetaData


def expected(metadata: MetaData, default_schema: str) -> Facts:
    """The owner of every native enum type, and its labels: comparisons use their order."""
    facts: Facts = {}
    for table in tables_of(metadata):
        for column in table.columns:
            kind = getattr(column.type, "item_type", column.type)
            if isinstance(kind, Enum) and kind.native_enum and kind.name:
                schema = kind.schema or default_schema
                name = kind.name if schema == default_schema else f"{schema}.{kind.name}"
                facts[FactKey("type", name, "", EXISTS)] = True
                facts[FactKey("type", name, "", "labels")] = tuple(kind.enums)
                facts[FactKey("type", name, "", "owner")] = owner_of(metadata, name)
    return facts
