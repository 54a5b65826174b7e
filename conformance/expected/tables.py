"""Tables: ordinary, permanent, without properties that change the meaning of their rows."""

from __future__ import annotations

import re
from itertools import product
from typing import TYPE_CHECKING

from conformance.comparing.facts import ANYTHING, EXISTS, Objects, OneOf, OwnedBy, Value
from conformance.comparing.identifiers import identifier, printed, unquoted
from conformance.declarations.base import declared, required
from conformance.declarations.privileges import Owner
from conformance.declarations.triggers import RowSecurity
from conformance.expected import spelling

if TYPE_CHECKING:
    from sqlalchemy import MetaData, Table


#: A partition key of columns alone.
_PARTITION_KEY = re.compile(
    r'\s*(?P<method>\w+)\s*\((?P<columns>\s*(?:\w+|"[^"]+")\s*(?:,\s*(?:\w+|"[^"]+")\s*)*)\)\s*'
)


def table_name(table: Table, default_schema: str) -> str:
    """The name of a table in facts: qualified, unless it is in the default schema."""
    return qualified(table.name, table.schema, default_schema)


def qualified(name: str, schema: str | None, default_schema: str) -> str:
    """The name of any object in facts."""
    return name if schema in (None, "", default_schema) else f"{schema}.{name}"


def expected(table: Table, name: str, default_schema: str) -> Objects:
    """The table: plain SQLAlchemy can declare partitions, parents, UNLOGGED and FOREIGN."""
    options = spelling.options(table)
    prefixes = {str(prefix).upper() for prefix in table._prefixes}
    attributes: dict[str, Value] = {
        EXISTS: True,
        "kind": _kind(table, prefixes),
        "persistence": "unlogged" if "UNLOGGED" in prefixes else "permanent",
        "row_security": _row_security(table),
        "inherits": tuple(sorted(_parents(table))),
        "inherited_by": ANYTHING if options.get("partition_by") else (),
        "referred_to_by": (),
        "access_method": options.get("using") or "heap",
        "updates_refused": (),
        "owner": owner_of(table.metadata, name),
        "withheld_from_owner": (),
    }
    if options.get("partition_by"):
        attributes["partitioned_by"] = _partition_key(str(options["partition_by"]))
        attributes["altered_partitions"] = ()
    yield "table", name, "", attributes


def parents(metadata: MetaData, default_schema: str) -> Objects:
    """The children of tables that others inherit from, which only the children name."""
    names = {table_name(table, default_schema) for table in metadata.tables.values()}
    children: dict[str, list[str]] = {}
    for table in metadata.tables.values():
        for parent in _parents(table):
            # PostgreSQL looks on its search path; the child's own schema comes first here.
            own = f"{table.schema}.{parent}"
            children.setdefault(own if own in names else parent, []).append(table.name)
    for parent, found in children.items():
        if parent in names:
            yield "table", parent, "", {"inherited_by": tuple(sorted(found))}


def _parents(table: Table) -> tuple[str, ...]:
    inherits = spelling.options(table).get("inherits") or ()
    return (inherits,) if isinstance(inherits, str) else tuple(map(str, inherits))


def _partition_key(written: str) -> str | OneOf:
    """`RANGE (day, "Id")` as PostgreSQL prints it; a key with expressions is not compared."""
    match = _PARTITION_KEY.fullmatch(written)
    if match is None:
        return ANYTHING
    columns = (_printed(column.strip()) for column in match["columns"].split(","))
    method = match["method"].upper()
    keys = tuple(f"{method} ({', '.join(names)})" for names in product(*columns))
    return keys[0] if len(keys) == 1 else OneOf(keys)


def _printed(column: str) -> tuple[str, ...]:
    """The ways to print the name: for a key word such as `json`, PostgreSQL's version decides."""
    bare = unquoted(column) if column.startswith('"') else column.lower()
    return tuple(dict.fromkeys((printed(bare), identifier(bare))))


def _kind(table: Table, prefixes: set[str]) -> str:
    if "FOREIGN" in prefixes:
        return "foreign table"
    return "partitioned table" if spelling.options(table).get("partition_by") else "table"


def _row_security(table: Table) -> str:
    found = declared(table, RowSecurity)
    if found is None:
        return "off"
    return "forced" if found.forced else "on"


def owner_of(metadata: MetaData, name: str) -> OwnedBy:
    """The owner in the declaration for the relation, else in the declaration for all tables."""
    owners = required(metadata, Owner)
    named = [item.role for item in owners if item.tables is not None and name in item.tables]
    of_all = [item.role for item in owners if item.tables is None]
    return OwnedBy(next(iter([*named, *of_all]), None))
