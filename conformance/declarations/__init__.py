"""What a model declares beyond plain SQLAlchemy, listed in `__table_args__` like a constraint.

For example::

    class Trade(Base):
        __tablename__ = "trades"
        __table_args__ = (
            Hypertable("traded_at", chunk_interval="1 month"),
            Compression(segment_by="symbol", order_by="traded_at DESC, id", after="30 days"),
        )

A declaration does not change the database; it states what the database must have. A declaration
checks itself when its table is complete. A wrong one therefore fails when the model is imported.
"""

from conformance.declarations.aggregates import (
    ContinuousAggregate,
    Refresh,
    aggregate_of,
    refreshes_of,
)
from conformance.declarations.autogenerate import include_name, include_object
from conformance.declarations.base import DeclarationError
from conformance.declarations.compaction import Compaction, compaction_of
from conformance.declarations.compression import (
    Compression,
    OrderBy,
    SparseIndex,
    compression_of,
)
from conformance.declarations.database import TimescaleDB, server_requirement_of
from conformance.declarations.entities import declare, registered_entities
from conformance.declarations.extensions import Extension
from conformance.declarations.functions import Function, Procedure
from conformance.declarations.hypertables import (
    HashPartition,
    Hypertable,
    hypertable_of,
    is_default_index,
)
from conformance.declarations.jobs import Job, jobs_of
from conformance.declarations.naming import default_name
from conformance.declarations.objects import DatabaseObject
from conformance.declarations.packages import declare_packages
from conformance.declarations.privileges import DefaultGrant, Grant, Owner
from conformance.declarations.reorder import Reorder, reorder_of
from conformance.declarations.retention import Retention, retention_of
from conformance.declarations.settings import Setting
from conformance.declarations.skipping import ChunkSkipping, skipping_of
from conformance.declarations.storage import ColumnStorage, Storage
from conformance.declarations.triggers import RowSecurity, RowSecurityPolicy, Rule, Trigger
from conformance.declarations.views import (
    Derived,
    MaterializedView,
    View,
    sorted_tables,
    tables_of,
    view_of,
    views_of,
)

__all__ = [
    "ChunkSkipping",
    "ColumnStorage",
    "Compaction",
    "Compression",
    "ContinuousAggregate",
    "DatabaseObject",
    "DeclarationError",
    "DefaultGrant",
    "Derived",
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
    "aggregate_of",
    "compaction_of",
    "compression_of",
    "declare",
    "declare_packages",
    "default_name",
    "hypertable_of",
    "include_name",
    "include_object",
    "is_default_index",
    "jobs_of",
    "refreshes_of",
    "registered_entities",
    "reorder_of",
    "retention_of",
    "server_requirement_of",
    "skipping_of",
    "sorted_tables",
    "tables_of",
    "view_of",
    "views_of",
]
