"""Enum types that columns use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Enum

from conformance.comparing.facts import EXISTS, Objects
from conformance.declarations import tables_of
from conformance.expected.tables import owner_of, qualified

if TYPE_CHECKING:
    from sqlalchemy import MetaData


def expected(metadata: MetaData, default_schema: str) -> Objects:
    """The owner of every native enum type, and its labels: comparisons use their order."""
    for table in tables_of(metadata):
        for column in table.columns:
            kind = getattr(column.type, "item_type", column.type)
            if isinstance(kind, Enum) and kind.native_enum and kind.name:
                name = qualified(kind.name, kind.schema, default_schema)
                owner, labels = owner_of(metadata, name), tuple(kind.enums)
                yield "type", name, "", {EXISTS: True, "labels": labels, "owner": owner}
