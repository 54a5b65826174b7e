"""The census: every object of the catalogs in scope that no other module has found.

The statements of this module list all objects, and only leave out parts of other objects. An object
that no module has found becomes a fact here: that it exists, and its definition if the server
prints a short one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.comparing.census.postgresql import POSTGRESQL
from conformance.comparing.census.timescaledb import TIMESCALEDB
from conformance.comparing.census.treatment import untreated
from conformance.comparing.facts import EXISTS, KINDS, Detail, FactKey, Facts, Value
from conformance.comparing.findings import CATALOG
from conformance.observed.catalog import Scope, rows
from conformance.observed.chunks import shortened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from conformance.comparing.fact_table import FactTable, ObjectKey

    Existence = tuple[FactKey, Value]

_KNOWN = frozenset(KINDS)
#: The only column of Alembic's version table, which may have any name.
_VERSION = ["version_num"]


def unlisted(connection: Connection, scope: Scope, found: FactTable) -> Facts:
    """The facts about all objects in scope that are not among the found ones."""
    facts: Facts = {}
    others = set(_otherwise_listed(found))
    for key, value in (*_objects(connection, scope), *_of_timescaledb(connection, scope)):
        if key not in found and key[:3] not in others:
            facts[key] = value
            if isinstance(value, Detail):
                facts[key._replace(attribute="definition")] = str(value)
    facts.update(_untreated(connection, scope, found))
    return facts


def _otherwise_listed(found: FactTable) -> Iterator[ObjectKey]:
    """The objects as which the census lists found objects.

    Jobs without the window or config by which several jobs are distinguished; and enum types, of
    which the census does not know which are used.
    """
    for kind, table, name in found.objects:
        if kind == "type":
            yield "unused_type", table, name
        elif kind == "policy" and name.startswith("refresh"):
            yield kind, table, "refresh_continuous_aggregate"
        elif kind == "job":
            yield kind, table, ""


def _objects(connection: Connection, scope: Scope) -> Iterator[Existence]:
    tables = set()
    for row in rows(connection, "census_objects", scope):
        name = row.name if row.schema_name is None else scope.name(row.schema_name, row.name)
        if row.altered:
            yield FactKey(row.kind, name, "", "altered_objects"), shortened(row.altered)
        elif row.kind == "table":
            tables.add(name)
        else:
            yield _key(row.kind, name), _existence(row)
    parts = [
        (row.kind, scope.name(row.schema_name, row.table_name), row.names)
        for row in rows(connection, "census_parts", scope)
    ]
    tables -= {table for kind, table, names in parts if kind == "column" and names == _VERSION}
    for table in tables:
        yield _key("table", table), True
    for kind, table, names in parts:
        if table in tables:
            yield from ((_key(kind, table, name), True) for name in names)


def _existence(row: Any) -> Value:
    if row.definition is None and row.judged is None:
        return True
    return Detail(row.definition or "", judged=row.judged)


def _key(kind: str, table: str, name: str = "") -> FactKey:
    if kind in _KNOWN:
        return FactKey(kind, table, name, EXISTS)
    return FactKey("object", f"{kind} {table}", name, EXISTS)


def _of_timescaledb(connection: Connection, scope: Scope) -> Iterator[Existence]:
    for row in rows(connection, "census_timescaledb", scope):
        table = row.table_name
        if row.schema_name is not None:
            table = scope.name(row.schema_name, table)
        yield _key(row.kind, table, row.name.removeprefix("policy_")), True


def _untreated(connection: Connection, scope: Scope, found: Facts) -> Facts:
    """The relations and columns of the server's catalogs that the census does not know."""
    catalogs: dict[bool, dict[str, list[str]]] = {False: {}, True: {}}
    for row in rows(connection, "census_catalogs", scope):
        catalogs[row.of_timescaledb][row.relation] = row.columns
    version = found.get(FactKey("extension", "timescaledb", "", "version"))
    major = (connection.dialect.server_version_info or ("",))[0]
    tables = (
        (f"PostgreSQL {major}", POSTGRESQL, catalogs[False]),
        (f"TimescaleDB {version}", TIMESCALEDB, catalogs[True]),
    )
    return {
        FactKey(
            CATALOG, part, "", EXISTS
        ): f"{server} has {part}, which this version does not check"
        for server, table, columns in tables
        for part in untreated(table, columns)
    }
