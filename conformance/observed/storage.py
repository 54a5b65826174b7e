"""Storage of tables, columns and indexes: parameters, TOAST compression, tablespaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from conformance.comparing.facts import Default, FactKey, Objects, TypeName
from conformance.comparing.parameters import normal
from conformance.observed.catalog import Scope, rows

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from conformance.comparing.fact_table import FactTable


_OWN_STORAGE = text(
    "SELECT name, CASE t.typstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external'"
    " WHEN 'm' THEN 'main' ELSE 'extended' END AS storage"
    " FROM pg_catalog.unnest(CAST(:names AS text[])) AS name"
    " JOIN pg_catalog.pg_type t ON t.oid = pg_catalog.to_regtype(name)"
)


def observed(connection: Connection, scope: Scope) -> Objects:
    """Every storage parameter with another value than PostgreSQL's default."""
    for row in rows(connection, "storage", scope):
        value = normal(row.attribute, row.value, row.method)
        if not isinstance(value, Default):
            table = scope.name(row.schema_name, row.table_name)
            yield "storage", table, row.part, {row.attribute: value}


def mark_storage_of_types(connection: Connection, expected: FactTable, observed: FactTable) -> None:
    """Mark each declared storage that the column's type has by itself, which no catalog lists.

    Only the server knows the storage of a type: numeric and inet have another one than text.
    """
    declared = {
        parts: column.text
        for parts, attributes in expected.objects.items()
        if parts[0] == "storage"
        and "storage" in attributes
        and isinstance(column := observed.get(FactKey("column", *parts[1:], "type")), TypeName)
    }
    if not declared:
        return
    found = connection.execute(_OWN_STORAGE, {"names": sorted({*declared.values()})})
    own = {row.name: row.storage for row in found}
    for parts, name in declared.items():
        attributes = expected.objects[parts]
        if attributes["storage"] == own.get(name):
            attributes["storage"] = Default(own[name])
