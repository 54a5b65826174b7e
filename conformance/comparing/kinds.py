"""Words for kinds that do not belong to a table: source, likely cause, declaration."""

from __future__ import annotations

from conformance.comparing.facts import DERIVED, EXISTS, OBJECTS

#: Kind -> the noun in messages.
NOUNS = {kind: kind.replace("_", " ") for kind in (*OBJECTS, *DERIVED)} | {
    "unused_type": "enum type",
    "default_privilege": "default privilege",
    "storage": "storage of",
    "chunk_skipping": "chunk skipping by",
}

#: Kinds that no declaration is for.
NOT_OF_MODELS = frozenset({"catalog", "object"})
#: Kind -> the catalogs and views that its facts are read from.
SOURCES = {
    "setting": "pg_db_role_setting",
    "chunk_skipping": "_timescaledb_catalog.chunk_column_stats",
    "view": "pg_views",
    "materialized_view": "pg_matviews",
    "continuous_aggregate": "timescaledb_information.continuous_aggregates",
    "domain": "pg_type and pg_constraint",
    "sequence": "pg_sequence",
    "function": "pg_proc",
    "procedure": "pg_proc",
    "privilege": "pg_class.relacl and the other access lists",
    "default_privilege": "pg_default_acl",
    "storage": "pg_class and pg_attribute",
}

_PERIODS = (
    "the constraint was created with WITHOUT OVERLAPS or PERIOD, which models cannot declare. "
    "Create the constraint without"
)
_OWNER_OF_TYPE = (
    "another role ran the migration, or somebody ran ALTER TYPE ... OWNER TO. Only the owner or a "
    "superuser can alter a type"
)
_OWNER_OF_VIEW = (
    "another role ran the migration, or somebody ran ALTER ... OWNER TO. A view reads its tables "
    "with the rights of its owner, and the policies of a continuous aggregate run as its owner"
)
_BODY = "CREATE OR REPLACE replaced the body, or the declared digest is that of an older body"
#: The likely cause of a disagreement about one attribute, without the last full stop.
CAUSES = {
    ("setting", EXISTS): "somebody ran ALTER DATABASE ... SET or ALTER ROLE ... SET. Every new "
    "session starts with the setting",
    ("setting", "value"): "ALTER DATABASE ... SET or ALTER ROLE ... SET changed the value",
    ("cast", EXISTS): "somebody ran CREATE CAST. A cast can change the meaning of an expression "
    "that was not changed itself",
    ("subscription", EXISTS): "somebody ran CREATE SUBSCRIPTION. The publisher writes rows into "
    "this database",
    ("domain", "checks"): "ALTER DOMAIN changed a condition. The condition applies to every column "
    "of the domain",
    ("domain", "validated"): "a condition was added NOT VALID. ALTER DOMAIN ... VALIDATE "
    "CONSTRAINT checks the existing rows",
    ("sequence", "logged"): "an unlogged sequence starts again after a crash. ALTER SEQUENCE ... "
    "SET LOGGED makes the sequence permanent",
    ("privilege", EXISTS): "somebody ran GRANT. PUBLIC stands for every existing and every future "
    "role",
    ("default_privilege", EXISTS): "somebody ran ALTER DEFAULT PRIVILEGES. Objects that are "
    "created from now on come with the privilege",
    ("privilege", "privileges"): "somebody ran another GRANT or REVOKE",
    ("table", "owner"): "another role ran the migration, or somebody ran ALTER TABLE ... OWNER TO. "
    "Only the owner or a superuser can alter a table, and TimescaleDB's policies run as the owner",
    **{(kind, "owner"): _OWNER_OF_VIEW for kind in DERIVED},
    **{
        (kind, "owner"): _OWNER_OF_TYPE
        for kind in ("type", "domain", "composite_type", "range_type")
    },
    ("table", "withheld_from_owner"): "somebody ran REVOKE ... FROM the owner, or took "
    "USAGE on the schema away. GRANT gives the privileges back",
    ("storage", "sequence"): "an unlogged sequence starts again after a crash, and gives ids that "
    "rows have already. ALTER SEQUENCE ... SET LOGGED makes the sequence permanent",
    ("storage", "autovacuum_enabled"): "somebody ran ALTER TABLE ... SET (autovacuum_enabled = "
    "false). The table is not vacuumed or analyzed then, and the planner uses old statistics",
    (
        "storage",
        "parallel_workers",
    ): "ALTER TABLE ... SET (parallel_workers = ...) fixes the number "
    "of workers of a plan, whatever the size of the table",
    ("table", "updates_refused"): "these publications publish UPDATE and DELETE. For that the "
    "table needs a replica identity: its primary key, or what ALTER TABLE ... REPLICA IDENTITY "
    "names. A column list must contain it, and a row filter must use no other column",
    ("primary_key", "over_periods"): _PERIODS,
    ("unique", "over_periods"): _PERIODS,
    ("foreign_key", "over_periods"): _PERIODS,
    ("function", "body"): _BODY,
    ("procedure", "body"): _BODY,
    ("function", "security"): "CREATE FUNCTION was run with another SECURITY. A SECURITY DEFINER "
    "function runs with the rights of its owner",
}

#: Kinds whose likely cause explains why an object exists; the others explain why one is missing.
PRESENT = frozenset(
    {"trigger", "rule", "setting", "cast", "subscription", "privilege", "default_privilege"}
)

#: Kinds that `DatabaseObject` cannot declare.
_NOT_DATABASE_OBJECTS = frozenset(
    {
        "domain",
        "function",
        "object",
        "procedure",
        "sequence",
    }
)
_OF_A_CLASS = "in __table_args__ of its mapped class, or by its require()"
#: Kind -> the declaration for it; plain SQLAlchemy declares the other kinds.
DECLARATIONS = {
    kind: f'DatabaseObject("{kind.replace("_", " ")}", ...)'
    for kind in OBJECTS
    if kind not in _NOT_DATABASE_OBJECTS
} | {
    "setting": "Setting(...)",
    "privilege": "Grant(...)",
    "default_privilege": "DefaultGrant(...)",
    "extension": "Extension(...)",
    "function": "Function(...)",
    "procedure": "Procedure(...)",
    "storage": "Storage(...)",
    "trigger": "Trigger(...)",
    "rule": "Rule(...)",
    "row_security_policy": "RowSecurityPolicy(...)",
    "sequence": "SQLAlchemy's Sequence",
    "domain": "SQLAlchemy's DOMAIN as the type of a column",
    "view": f"View(...) {_OF_A_CLASS}",
    "materialized_view": f"MaterializedView(...) {_OF_A_CLASS}",
    "continuous_aggregate": f"ContinuousAggregate(...) {_OF_A_CLASS}",
    "hypertable": "Hypertable(...)",
    "compression": "Compression(...)",
    "policy compression": "Compression(..., after=...)",
    "policy compaction": "Compaction(...)",
    "policy retention": "Retention(...)",
    "policy refresh": "Refresh(...)",
    "policy reorder": "Reorder(...)",
    "job": "Job(...)",
    "chunk_skipping": "ChunkSkipping(...)",
}
