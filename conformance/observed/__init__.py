"""Connection -> facts: read the catalog, in a fixed number of SQL statements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.fact_table import FactTable
from conformance.comparing.facts import DERIVED, WITHOUT_TABLE
from conformance.observed import (
    aggregates,
    census,
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
from conformance.observed.asked_once import asking_once
from conformance.observed.catalog import Scope, disable_jit_and_workers, names_as_printed
from conformance.observed.damaged import damage_named
from conformance.observed.spelling import canonical

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from conformance.comparing.facts import Facts

__all__ = ["Scope", "canonical", "observed_facts"]

_PARTS = (
    extension,
    settings,
    types,
    domains,
    sequences,
    functions,
    tables,
    columns,
    constraints,
    views,
    aggregates,
    # An index that TimescaleDB creates for a continuous aggregate is a fact of the aggregate.
    indexes,
    hypertables,
    compression,
    policies,
    jobs,
    skipping,
    chunks,
    triggers,
    rules,
    storage,
    comments,
    privileges,
)

#: Kinds of relations, to which other facts belong.
_RELATIONS = ("table", *DERIVED)


def observed_facts(connection: Connection, scope: Scope | None = None) -> Facts:
    """The facts about all objects of the schemas in scope.

    Only reads, and takes no lock stronger than AccessShare. Use a read-only, repeatable-read
    transaction, so that all statements see the same snapshot.

    Raises:
        CatalogDamaged: the server cannot print an object; except in the transaction of an audit.
    """
    scope = scope or Scope()
    facts = FactTable()
    disable_jit_and_workers(connection)
    with (
        damage_named(connection),
        names_as_printed(connection, scope),
        asking_once(connection),
    ):
        for part in _PARTS:
            facts.extend(part.observed(connection, scope))
        _leave_out_parts_of_the_unknown(facts)
        facts.merge(census.unlisted(connection, scope, facts))
    return facts


def _leave_out_parts_of_the_unknown(facts: FactTable) -> None:
    """Leave out what belongs to a relation that is no fact."""
    known = {table for kind, table, _ in facts.objects if kind in _RELATIONS}
    facts.objects = {
        parts: attributes
        for parts, attributes in facts.objects.items()
        if parts[0] in WITHOUT_TABLE or parts[1] in known
    }
