"""Metadata -> facts: what the models promise. Nothing here touches a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.expected import (
    chunks,
    columns,
    compression,
    constraints,
    extension,
    hypertables,
    indexes,
    policies,
    tables,
    types,
)

if TYPE_CHECKING:
    from sqlalchemy import MetaData

    from conformance.comparing.facts import Facts

_PER_TABLE = (tables, columns, constraints, indexes, hypertables, compression, policies, chunks)


def expected_facts(metadata: MetaData, *, default_schema: str = "public") -> Facts:
    """Everything that the metadata and its declarations promise.

    Args:
        metadata: tables, with their declarations in `__table_args__`.
        default_schema: the schema of tables that name none; left out of the facts' names.
    """
    facts: Facts = {}
    facts.update(extension.expected(metadata))
    facts.update(types.expected(metadata, default_schema))
    for table in metadata.sorted_tables:
        name = tables.table_name(table, default_schema)
        for module in _PER_TABLE:
            facts.update(module.expected(table, name, default_schema))
    return facts
