"""Objects declared by kind and name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import EXISTS, Objects, Value
from conformance.declarations import views_of
from conformance.declarations.base import required
from conformance.declarations.objects import DatabaseObject
from conformance.expected.tables import owner_of, qualified

if TYPE_CHECKING:
    from sqlalchemy import MetaData


def expected(metadata: MetaData, default_schema: str) -> Objects:
    """The declared objects, their definitions if declared, and owners of types."""
    # Schemas that are read are not among the objects; their tables are.
    read = {table.schema for table in (*metadata.tables.values(), *views_of(metadata))}
    for item in required(metadata, DatabaseObject):
        if item.kind == "schema" and item.name in read:
            continue
        name = qualified(item.name, item.schema, default_schema)
        attributes: dict[str, Value] = {EXISTS: True}
        if item.kind in ("composite_type", "range_type"):
            attributes["owner"] = owner_of(metadata, name)
        if item.definition is not None:
            attributes["definition"] = " ".join(item.definition.split())
        yield item.kind, name, "", attributes
