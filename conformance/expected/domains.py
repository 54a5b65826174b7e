"""Domains: types with conditions, declared by SQLAlchemy's DOMAIN."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.dialects.postgresql import DOMAIN

from conformance.comparing.facts import EXISTS, FactKey, Facts, Value
from conformance.declarations import tables_of
from conformance.expected import spelling
from conformance.expected.tables import owner_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import MetaData


def expected(metadata: MetaData, default_schema: str) -> Facts:
    """Every domain that is the type of a column."""
    facts: Facts = {}
    for domain in _domains(metadata):
        schema = domain.schema or default_schema
        name = domain.name if schema == default_schema else f"{schema}.{domain.name}"
        for attribute, value in _attributes(domain).items():
            facts[FactKey("domain", str(name), "", attribute)] = value
        facts[FactKey("domain", str(name), "", "owner")] = owner_of(metadata, str(name))
    return facts


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
