"""Domains: types with conditions, declared by SQLAlchemy's DOMAIN."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.dialects.postgresql import DOMAIN

from conformance.comparing.facts import EXISTS, Objects, Value
from conformance.declarations import tables_of
from conformance.expected import spelling
from conformance.expected.tables import owner_of, qualified

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import MetaData


def expected(metadata: MetaData, default_schema: str) -> Objects:
    """Every domain that is the type of a column."""
    for domain in _domains(metadata):
        name = qualified(str(domain.name), domain.schema, default_schema)
        yield "domain", name, "", _attributes(domain) | {"owner": owner_of(metadata, name)}


def _domains(metadata: MetaData) -> Iterator[DOMAIN]:
    for table in tables_of(metadata):
        for column in table.columns:
            kind = getattr(column.type, "item_type", column.type)
            if isinstance(kind, DOMAIN):
                yield kind


def _attributes(domain: DOMAIN) -> dict[str, Value]:
    check, default = domain.check, domain.default
    if default is not None:
        default = spelling.ddl_compiler().render_default_string(default)
    return {
        EXISTS: True,
        "type": spelling.type_name(domain.data_type),
        "nullable": not domain.not_null,
        "default": None if default is None else spelling.expression(default),
        "collation": domain.collation,
        "checks": () if check is None else (spelling.expression(spelling.sql(check)),),
        "validated": True,
    }
