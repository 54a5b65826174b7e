"""Which modules print facts, in which order.

A test holds what they print against all facts that models can promise; it has the reasons why no
declaration says the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.inspecting import (
    compression,
    constraints,
    database,
    functions,
    hypertables,
    indexes,
    jobs,
    policies,
    privileges,
    skipping,
    storage,
    triggers,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.inspecting.observed import Entry, Observed

#: What stands in `__table_args__`, in this order.
OF_TABLES = (
    constraints, indexes, hypertables, compression, policies, skipping, storage, triggers,
)  # fmt: skip
#: What is registered with the metadata.
OF_DATABASE = (database, functions, jobs, privileges)


def of_tables(observed: Observed) -> Iterator[Entry]:
    """All declarations that belong to a table or a view."""
    for module in OF_TABLES:
        yield from module.declarations(observed)


def of_database(observed: Observed) -> Iterator[Entry]:
    """All declarations for the metadata but views and sequences, tables' owners included."""
    for module in OF_DATABASE:
        yield from module.declarations(observed)
