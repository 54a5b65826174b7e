"""Metadata -> facts: what the models declare. Nothing here uses a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.fact_table import FactTable
from conformance.declarations import tables_of, views_of
from conformance.expected import (
    aggregates,
    chunks,
    columns,
    comments,
    compression,
    constraints,
    domains,
    extension,
    functions,
    hypertables,
    indexes,
    jobs,
    objects,
    policies,
    privileges,
    rules,
    sequences,
    settings,
    skipping,
    storage,
    tables,
    triggers,
    types,
    views,
)

if TYPE_CHECKING:
    from sqlalchemy import MetaData

    from conformance.comparing.facts import Facts

_OF_DATABASE = (settings, types, domains, sequences, functions, objects, privileges, jobs)
_PER_TABLE = (
    tables,
    columns,
    constraints,
    indexes,
    hypertables,
    compression,
    chunks,
    skipping,
    triggers,
    rules,
    storage,
    comments,
)
_PER_VIEW = (indexes, compression, chunks, triggers, rules, comments)


def expected_facts(metadata: MetaData, *, default_schema: str = "public") -> Facts:
    """Everything that the metadata and its declarations promise.

    Args:
        metadata: tables, with their declarations in `__table_args__`.
        default_schema: the schema of tables that name none; left out of the facts' names.
    """
    facts = FactTable()
    facts.extend(extension.expected(metadata))
    for part in _OF_DATABASE:
        facts.extend(part.expected(metadata, default_schema))
    for table in tables_of(metadata):
        name = tables.table_name(table, default_schema)
        for module in _PER_TABLE:
            facts.extend(module.expected(table, name, default_schema))
        facts.extend(policies.expected(table, name, metadata))
    facts.extend(tables.parents(metadata, default_schema))
    for table in views_of(metadata):
        name = tables.table_name(table, default_schema)
        for part in _PER_VIEW:
            facts.extend(part.expected(table, name, default_schema))
        facts.extend(views.expected(table, name, metadata))
        facts.extend(aggregates.expected(table, name, default_schema, metadata))
        facts.extend(policies.expected(table, name, metadata))
    return facts
