"""Which module prints which facts, and which facts no declaration promises.

Whatever is judged stands in one of the two tables; a test holds them against all facts that models
can promise.
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
    sequences,
    skipping,
    storage,
    triggers,
    views,
)
from conformance.inspecting.options import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.inspecting.observed import Entry, Observed

#: What stands in `__table_args__`, in this order.
OF_TABLES = (
    constraints, indexes, hypertables, compression, policies, skipping, storage, triggers,
)  # fmt: skip
#: What is registered with the metadata.
OF_DATABASE = (database, functions, jobs, privileges)
_ALL = (*OF_TABLES, *OF_DATABASE, sequences, views)

#: Kind -> its attributes that the class, a column of it, or an option of the table says.
OF_CLASSES = {
    "table": ("exists", *OPTIONS),
    "column": (
        "exists", "type", "nullable", "default", "identity", "generated", "generated_storage",
        "collation",
    ),
    "comment": ("exists", "text"),
    "type": ("exists", "labels"),
    "domain": ("exists", "type", "nullable", "default", "collation", "checks"),
}  # fmt: skip

_NO_LONGER_USUAL = "models can only promise the usual value"
#: (kind, attribute) -> why no declaration says it. A value that is not the usual one is a finding,
#: which is named in a comment.
UNSAID = {
    ("extension", "disabled_event_triggers"): _NO_LONGER_USUAL,
    ("extension", "restoring"): _NO_LONGER_USUAL,
    ("domain", "validated"): _NO_LONGER_USUAL,
    ("sequence", "logged"): _NO_LONGER_USUAL,
    ("table", "altered_partitions"): _NO_LONGER_USUAL,
    ("table", "referred_to_by"): "the other table is in a schema that is not read",
    ("table", "inherited_by"): "said by the child",
    ("table", "updates_refused"): _NO_LONGER_USUAL,
    ("table", "withheld_from_owner"): _NO_LONGER_USUAL,
    ("primary_key", "over_periods"): _NO_LONGER_USUAL,
    ("primary_key", "valid"): _NO_LONGER_USUAL,
    ("unique", "over_periods"): _NO_LONGER_USUAL,
    ("unique", "valid"): _NO_LONGER_USUAL,
    ("foreign_key", "over_periods"): _NO_LONGER_USUAL,
    ("foreign_key", "enforced"): _NO_LONGER_USUAL,
    ("check", "enforced"): _NO_LONGER_USUAL,
    ("index", "valid"): _NO_LONGER_USUAL,
    ("continuous_aggregate", "alterations"): _NO_LONGER_USUAL,
    ("continuous_aggregate", "automatic_indexes"): "a query that is a text does not say them",
    ("policy", "config"): _NO_LONGER_USUAL,
    ("policy", "scheduled"): _NO_LONGER_USUAL,
    ("policy", "max_retries"): _NO_LONGER_USUAL,
    ("policy", "max_runtime"): _NO_LONGER_USUAL,
    ("chunk", "alterations"): _NO_LONGER_USUAL,
    ("hypertable", "chunk_target_size"): _NO_LONGER_USUAL,
    ("hypertable", "root_table_rows"): _NO_LONGER_USUAL,
    ("chunk", "other_compression_settings"): _NO_LONGER_USUAL,
    ("trigger", "enabled"): _NO_LONGER_USUAL,
    ("rule", "enabled"): _NO_LONGER_USUAL,
}


def is_said(kind: str, attribute: str) -> bool:
    """Whether the code of some module, or of a class, promises the attribute."""
    if kind == "storage":
        return attribute != "of_type"
    said = {"exists"} if any(kind in module.ATTRIBUTES for module in _ALL) else set()
    for module in _ALL:
        said.update(module.ATTRIBUTES.get(kind, ()))
    return attribute in {*said, *OF_CLASSES.get(kind, ())}


def of_tables(observed: Observed) -> Iterator[Entry]:
    """All declarations that belong to a table or a view."""
    for module in OF_TABLES:
        yield from module.declarations(observed)


def of_database(observed: Observed) -> Iterator[Entry]:
    """All declarations for the metadata but views and sequences, tables' owners included."""
    for module in OF_DATABASE:
        yield from module.declarations(observed)
