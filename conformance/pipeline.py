"""The way of the data, once: metadata -> expected -> comparison <- observed <- connection."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

from conformance.comparing.comparison import Comparison, compare
from conformance.declarations import views_of
from conformance.expected import expected_facts
from conformance.observed import Scope, canonical, observed_facts
from conformance.observed.circumstances import observed_circumstances

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection, MetaData

    from conformance.comparing.capabilities import Capabilities
    from conformance.comparing.facts import Facts


def scope_of(metadata: MetaData, schemas: Sequence[str] = ("public",)) -> Scope:
    """The schemas that the metadata has tables or views in, and these.

    Args:
        schemas: the first one is that of tables that name none.
    """
    relations = (*metadata.tables.values(), *views_of(metadata))
    named = {relation.schema for relation in relations if relation.schema is not None}
    return Scope(tuple(sorted({*named, *schemas})), schemas[0])


def both_sides(
    connection: Connection, metadata: MetaData, scope: Scope | None = None
) -> tuple[Facts, Facts]:
    """What the metadata promises and what the database shows, in the server's own spelling."""
    scope = scope or scope_of(metadata)
    prepare_session(connection, scope)
    expected = expected_facts(metadata, default_schema=scope.default_schema)
    return canonical(connection, expected, observed_facts(connection, scope))


def check_database(
    connection: Connection,
    metadata: MetaData,
    capabilities: Capabilities,
    scope: Scope | None = None,
    *,
    living: bool = False,
) -> Comparison:
    """Compare the database that the connection is in with the metadata.

    Args:
        living: it is in use, so that how its jobs and sequences fare is judged too.

    Reads only. The connection's transaction decides what is seen and how long it may take; its
    search_path and IntervalStyle are set for that transaction.
    """
    with _without_collecting():
        scope = scope or scope_of(metadata)
        expected, observed = both_sides(connection, metadata, scope)
        circumstances = observed_circumstances(connection, scope, living=living)
        return compare(expected, observed, capabilities, circumstances)


def facts_of(connection: Connection, scope: Scope) -> Facts:
    """What the database shows, by itself; the connection's transaction is rolled back."""
    prepare_session(connection, scope)
    facts = observed_facts(connection, scope)
    connection.rollback()
    return facts


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Half of the time at a thousand tables would be the collector's, which finds nothing.

    Facts are plain values without cycles; what little else there is waits.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def prepare_session(connection: Connection, scope: Scope) -> None:
    """Names resolve, and intervals are spelled, the same whoever looks."""
    connection.exec_driver_sql(
        "SELECT pg_catalog.set_config('search_path', pg_catalog.quote_ident(%s) || ', ' ||"
        " pg_catalog.current_setting('search_path'), true),"
        " pg_catalog.set_config('intervalstyle', 'postgres', true)",
        (scope.default_schema,),
    )
