"""Prove that a TimescaleDB database has the schema that its SQLAlchemy models declare.

For example::

    from conformance import Compression, Hypertable

This module exports the declarations for models, the hooks for Alembic's env.py, and the check for
an application's start. A name is loaded when it is used: `import conformance` alone loads nothing,
not even SQLAlchemy.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.asserting import DoesNotConform, assert_conforms
    from conformance.declarations import (
        ChunkSkipping,
        ColumnStorage,
        Compaction,
        Compression,
        ContinuousAggregate,
        DatabaseObject,
        DeclarationError,
        DefaultGrant,
        Extension,
        Function,
        Grant,
        HashPartition,
        Hypertable,
        Job,
        MaterializedView,
        OrderBy,
        Owner,
        Procedure,
        Refresh,
        Reorder,
        Retention,
        RowSecurity,
        RowSecurityPolicy,
        Rule,
        Setting,
        SparseIndex,
        Storage,
        TimescaleDB,
        Trigger,
        View,
        declare,
        include_name,
        include_object,
    )
else:
    from importlib import import_module

    def __getattr__(name: str) -> object:
        """Load a public name; type checkers read the imports above instead."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_HOMES.get(name, _HOME)), name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})


#: Where the names of `__all__` are defined, or exported from.
_HOME = f"{__name__}.declarations"
_HOMES = dict.fromkeys(("DoesNotConform", "assert_conforms"), f"{__name__}.asserting")

__all__ = [
    "ChunkSkipping",
    "ColumnStorage",
    "Compaction",
    "Compression",
    "ContinuousAggregate",
    "DatabaseObject",
    "DeclarationError",
    "DefaultGrant",
    "DoesNotConform",
    "Extension",
    "Function",
    "Grant",
    "HashPartition",
    "Hypertable",
    "Job",
    "MaterializedView",
    "OrderBy",
    "Owner",
    "Procedure",
    "Refresh",
    "Reorder",
    "Retention",
    "RowSecurity",
    "RowSecurityPolicy",
    "Rule",
    "Setting",
    "SparseIndex",
    "Storage",
    "TimescaleDB",
    "Trigger",
    "View",
    "assert_conforms",
    "declare",
    "include_name",
    "include_object",
]
