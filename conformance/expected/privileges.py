"""Privileges that the metadata requires."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from conformance.comparing.facts import EXISTS, FactKey, Objects, Privileges
from conformance.comparing.privileges import usual
from conformance.declarations import sorted_tables
from conformance.declarations.base import required
from conformance.declarations.privileges import MAINTAIN, NAMED_BY_KIND, DefaultGrant, Grant
from conformance.expected import tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import MetaData


def expected(metadata: MetaData, default_schema: str) -> Objects:
    """The privileges of each role on each object, from all declarations together."""
    granted: dict[FactKey, set[str]] = defaultdict(set)
    for grant in required(metadata, Grant):
        for name in _objects(grant, metadata, default_schema):
            granted[FactKey("privilege", name, grant.to, EXISTS)].update(_words(grant))
    for future in required(metadata, DefaultGrant):
        where = f" in {future.schema}" if future.schema else ""
        name = f"{future.on} of {future.by}{where}"
        granted[FactKey("default_privilege", name, future.to, EXISTS)].update(_words(future))
    for key, privileges in granted.items():
        yield *key[:3], {EXISTS: True, "privileges": _value(key, privileges)}


def _words(grant: Grant | DefaultGrant) -> Iterator[str]:
    option = " with grant option" if grant.grant_option else ""
    return (f"{privilege}{option}" for privilege in grant.privileges)


def _value(key: FactKey, privileges: set[str]) -> Privileges:
    """MAINTAIN, part of `all` since PostgreSQL 17, may be missing."""
    optional = {word for word in privileges if word.startswith(MAINTAIN)}
    declared = tuple(sorted(privileges - optional))
    newer = (word.replace(MAINTAIN, "maintain") for word in optional)
    return Privileges(declared, (*newer, *usual(key.table, key.name)))


def _objects(grant: Grant, metadata: MetaData, default_schema: str) -> Iterator[str]:
    """The names of the objects in observed facts."""
    names = grant.on
    if names is None:
        if grant.kind == "database":
            yield "database"
            return
        names = tuple(tables.table_name(table, default_schema) for table in sorted_tables(metadata))
    word = f"{grant.kind} " if grant.kind in NAMED_BY_KIND else ""
    for name in names:
        short = name.removeprefix(f"{default_schema}.")
        if grant.columns:
            yield from (f"{short} ({column})" for column in grant.columns)
        else:
            yield f"{word}{short}"
