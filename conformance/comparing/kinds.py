"""What is said of kinds that are no part of a table: where read, likely cause, declaration."""

from __future__ import annotations

from conformance.comparing.facts import DERIVED, EXISTS, OBJECTS

#: How an object is called where its kind is no word.
NOUNS = {kind: kind.replace("_", " ") for kind in (*OBJECTS, *DERIVED)} | {
    "unused_type": "enum type",
    "default_privilege": "default privilege",
    "storage": "storage of",
    "chunk_skipping": "chunk skipping by",
}

#: Where facts of a kind are read.
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

_PERIODS = "WITHOUT OVERLAPS or PERIOD compares periods, which no model can say; make it without"
_BODY = "CREATE OR REPLACE wrote another body, or the declared digest is of an older one"
#: The likely cause of a disagreement about one attribute.
CAUSES = {
    ("setting", EXISTS): "ALTER DATABASE ... SET or ALTER ROLE ... SET; every new session begins "
    "with it",
    ("setting", "value"): "ALTER DATABASE ... SET or ALTER ROLE ... SET gave it another value",
    ("cast", EXISTS): "CREATE CAST; an expression may mean something else without being rewritten",
    ("subscription", EXISTS): "CREATE SUBSCRIPTION; its publisher writes rows here",
    ("domain", "checks"): "ALTER DOMAIN changed a condition, which holds in every column of the "
    "domain",
    ("domain", "validated"): "a condition was added NOT VALID; ALTER DOMAIN ... VALIDATE "
    "CONSTRAINT checks the rows that were there before",
    ("sequence", "logged"): "an unlogged sequence begins anew after a crash; ALTER SEQUENCE ... "
    "SET LOGGED",
    ("privilege", EXISTS): "GRANT ... TO PUBLIC gives it to every role that there is and will be",
    ("default_privilege", EXISTS): "ALTER DEFAULT PRIVILEGES ... TO PUBLIC; what is created next "
    "comes with it",
    ("privilege", "privileges"): "another GRANT or REVOKE",
    ("table", "owner"): "another role ran the migration, or ALTER TABLE ... OWNER TO; only its "
    "owner or a superuser can alter a table, and TimescaleDB's policies run as the owner",
    ("table", "withheld_from_owner"): "REVOKE ... FROM the owner; GRANT gives it back",
    ("storage", "autovacuum_enabled"): "ALTER TABLE ... SET (autovacuum_enabled = false); nothing "
    "is analyzed or vacuumed then, and plans go by statistics that are no longer so",
    (
        "storage",
        "parallel_workers",
    ): "ALTER TABLE ... SET (parallel_workers = ...) decides how many "
    "workers a plan has, whatever the size of the table",
    ("table", "updates_refused"): "these publications publish UPDATE and DELETE, for which the "
    "table needs a primary key or ALTER TABLE ... REPLICA IDENTITY",
    ("primary_key", "over_periods"): _PERIODS,
    ("unique", "over_periods"): _PERIODS,
    ("foreign_key", "over_periods"): _PERIODS,
    ("function", "body"): _BODY,
    ("procedure", "body"): _BODY,
    ("function", "security"): "SECURITY DEFINER runs with the rights of the function's owner",
}

#: Kinds whose likely cause explains what is there, not what is missing.
PRESENT = frozenset(
    {"trigger", "rule", "setting", "cast", "subscription", "privilege", "default_privilege"}
)

#: Kinds of which an object is not declared by kind and name alone.
_OTHERWISE = frozenset(
    {
        "domain",
        "function",
        "object",
        "procedure",
        "sequence",
    }
)
_OF_A_CLASS = "in __table_args__ of a class that reads from it, or by its require()"
#: What an object is declared with, where that is not plain SQLAlchemy.
DECLARATIONS = {
    kind: f'DatabaseObject("{kind.replace("_", " ")}", ...)'
    for kind in OBJECTS
    if kind not in _OTHERWISE
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
    "policy retention": "Retention(...)",
    "policy refresh": "Refresh(...)",
    "policy reorder": "Reorder(...)",
    "job": "Job(...)",
    "chunk_skipping": "ChunkSkipping(...)",
}
