"""The pipeline: metadata -> expected -> comparison <- observed <- connection."""

from __future__ import annotations

import gc
import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from conformance.comparing.comparison import Comparison, compare
from conformance.comparing.declared_partitions import with_declared_partitions
from conformance.comparing.elsewhere import with_tables_elsewhere
from conformance.comparing.fact_table import FactTable
from conformance.comparing.facts import EXISTS
from conformance.comparing.leaving import circumstances_left, declared_and_left
from conformance.comparing.leaving import leave as leave_to_others
from conformance.comparing.seen import accounted
from conformance.comparing.unused import with_declared_types
from conformance.declarations import views_of
from conformance.errors import DeclaredAndLeft
from conformance.expected import expected_facts
from conformance.observed import Scope, canonical, observed_facts
from conformance.observed.asked_once import asking_once
from conformance.observed.circumstances import observed_circumstances
from conformance.observed.elsewhere import namesakes_of
from conformance.observed.partitions import parents_of
from conformance.observed.privileges import add_unlisted
from conformance.observed.storage import mark_storage_of_types
from conformance.project.long_names import refuse_long_names
from conformance.project.references import refuse_lost_references

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection, MetaData

    from conformance.comparing.capabilities import Capabilities
    from conformance.comparing.facts import FactKey, Facts
    from conformance.comparing.findings import Finding


_log = logging.getLogger(__name__)


def scope_of(
    metadata: MetaData, schemas: Sequence[str] = ("public",), leave: Sequence[str] = ()
) -> Scope:
    """The schemas of the metadata's tables and views, and these.

    Args:
        schemas: more schemas to check; tables without a schema belong to the first one.
        leave: patterns of objects that are left to others.

    Raises:
        DeclaredAndLeft: the metadata declares what is left to others.
        ModelsUnavailable: PostgreSQL would cut a name of the metadata, or a foreign key refers to
            nothing in it.
    """
    refuse_lost_references(metadata)
    refuse_long_names(metadata)
    relations = (*metadata.tables.values(), *views_of(metadata))
    named = {relation.schema for relation in relations if relation.schema is not None}
    scope = Scope(tuple(sorted({*named, *schemas})), schemas[0], left=tuple(leave))
    if leave:
        _forbid_leaving(expected_facts(metadata, default_schema=scope.default_schema), scope)
    return scope


def both_sides(
    connection: Connection,
    metadata: MetaData,
    scope: Scope | None = None,
    observed: Facts | None = None,
) -> tuple[Facts, Facts]:
    """The expected and the observed facts, with expressions as the server prints them."""
    scope = scope or scope_of(metadata)
    prepare_session(connection, scope)
    # The models are read while the server reads its catalog.
    with ThreadPoolExecutor(max_workers=1) as meanwhile:
        promised = meanwhile.submit(expected_facts, metadata, default_schema=scope.default_schema)
        # The caller's facts stay as they were read.
        found = observed_facts(connection, scope) if observed is None else FactTable(observed)
    declared, seen = FactTable.of(promised.result()), FactTable.of(found)
    mark_storage_of_types(connection, declared, seen)
    add_unlisted(connection, declared, seen)
    expected, found = canonical(connection, declared, seen)
    return expected, with_declared_types(FactTable.of(expected), FactTable.of(found))


def check_database(  # noqa: PLR0913 - what is compared, and what is known of it
    connection: Connection,
    metadata: MetaData,
    capabilities: Capabilities,
    scope: Scope | None = None,
    *,
    living: bool = False,
    observed: Facts | None = None,
) -> Comparison:
    """Compare the database that the connection is in with the metadata.

    Only reads, in the transaction of the connection, whose snapshot and timeouts apply. Sets
    for that transaction what `prepare_session` says.

    Args:
        living: whether the database is in use; then its jobs and sequences are judged, too.
        observed: the facts of the database in the scope, if the caller has just read them.
    """
    with _without_collecting(), asking_once(connection):
        scope = scope or scope_of(metadata)
        expected, observed = both_sides(connection, metadata, scope, observed)
        known: dict[str, Any] = {"sides": (expected, observed), "schemas": scope.schemas}
        circumstances = observed_circumstances(connection, scope, living=living)
        if scope.left:
            remaining, left = leave_to_others(observed, scope.left, scope.default_schema)
            circumstances = circumstances_left(circumstances, scope.left, scope.default_schema)
            comparison = compare(expected, remaining, capabilities, circumstances)
            known |= {
                "sides": (expected, remaining), "left": left, "accounted": accounted(observed),
            }  # fmt: skip
        else:
            comparison = compare(expected, observed, capabilities, circumstances)
        missing = {
            key.table
            for key in comparison.findings
            if key.kind == "table" and key.attribute == EXISTS and key not in observed
        }
        comparison = with_declared_partitions(
            replace(comparison, **known), parents_of(connection, scope, missing)
        )
        columns = {table: _columns_of(expected, table) for table in missing}
        places = namesakes_of(connection, scope, columns)
        return _with_mendable(with_tables_elsewhere(comparison, places, scope.default_schema))


def _columns_of(facts: Facts, table: str) -> set[str]:
    return {key.name for key in facts if key.kind == "column" and key.table == table}


def _with_mendable(comparison: Comparison) -> Comparison:
    """The findings know whether `conformance fix` mends them."""
    if not comparison.findings:
        return comparison
    from conformance.mending.plan import mendable

    try:
        ids = mendable(comparison)
    # The verdict is worth more than what follows from it.
    except Exception as error:
        _log.warning("What conformance fix mends is not known: %r", error)
        return comparison

    def marked(findings: dict[FactKey, Finding]) -> dict[FactKey, Finding]:
        return {
            key: replace(finding, mendable=True) if finding.id in ids else finding
            for key, finding in findings.items()
        }

    return replace(
        comparison,
        findings=marked(comparison.findings),
        consequences=marked(comparison.consequences),
    )


def _forbid_leaving(expected: Facts, scope: Scope) -> None:
    """What the models declare is judged, whoever is said to own it."""
    both = declared_and_left(expected, scope.left, scope.default_schema)
    if both is not None:
        pattern, key = both
        raise DeclaredAndLeft(
            f"leave has {pattern!r}, which takes in {key.kind.replace('_', ' ')} {key.object} of "
            "the models.",
            "Name the objects of others more narrowly, or drop it from the models.",
        )


def facts_of(connection: Connection, scope: Scope) -> Facts:
    """The observed facts of the database; rolls the transaction of the connection back."""
    prepare_session(connection, scope)
    facts = observed_facts(connection, scope)
    connection.rollback()
    return facts


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Disable garbage collection, which takes half of the time at a thousand tables.

    Facts are plain values without cycles, so that there is little to collect.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def prepare_session(connection: Connection, scope: Scope) -> None:
    """Set what the meaning of an expression depends on, so that the role's settings do not matter.

    The values are PostgreSQL's own. The schema of the models comes first, or after pg_catalog where
    that is first in a shielded session: a migration in the same transaction must not create its
    tables in pg_catalog. The schema of the extension comes last: models that call time_bucket()
    without it mean a session that finds it.
    """
    connection.execute(
        text(
            "SELECT pg_catalog.set_config('search_path', pg_catalog.regexp_replace("
            " pg_catalog.current_setting('search_path'), '^(pg_catalog, )?', pg_catalog.concat("
            " E'\\\\1', pg_catalog.replace(pg_catalog.quote_ident(:schema), E'\\\\', E'\\\\\\\\'),"
            " ', ')) OPERATOR(pg_catalog.||) coalesce((SELECT ', ' OPERATOR(pg_catalog.||)"
            " pg_catalog.quote_ident(n.nspname) FROM pg_catalog.pg_extension e"
            " JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) e.extnamespace"
            " WHERE e.extname OPERATOR(pg_catalog.=) 'timescaledb'), ''), true),"
            " pg_catalog.set_config('intervalstyle', 'postgres', true),"
            " pg_catalog.set_config('datestyle', 'ISO, MDY', true),"
            " pg_catalog.set_config('standard_conforming_strings', 'on', true),"
            " pg_catalog.set_config('transform_null_equals', 'off', true),"
            " pg_catalog.set_config('array_nulls', 'on', true),"
            " pg_catalog.set_config('quote_all_identifiers', 'off', true)"
        ),
        {"schema": scope.default_schema},
    )
