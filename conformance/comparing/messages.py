"""Findings in words: what is wrong, where it was read, the likely cause, the way out."""

from __future__ import annotations

from conformance.comparing import kinds
from conformance.comparing.facts import EXISTS, FactKey, Unsaid, Value, show

_NOUNS = {
    **kinds.NOUNS,
    "primary_key": "primary key of",
    "unique": "unique constraint",
    "foreign_key": "foreign key",
    "check": "check constraint",
    "exclusion": "exclusion constraint",
    "compression": "compression of",
    "chunk": "chunks of",
    "row_security_policy": "row security policy",
    "type": "enum type",
}

#: Where facts of a kind are read.
_SOURCES = {
    **kinds.SOURCES,
    "extension": "pg_extension and the server's settings",
    "type": "pg_enum",
    "table": "pg_class",
    "column": "pg_attribute",
    "primary_key": "pg_constraint",
    "unique": "pg_constraint",
    "foreign_key": "pg_constraint",
    "check": "pg_constraint",
    "exclusion": "pg_constraint",
    "index": "pg_index",
    "hypertable": "timescaledb_information.dimensions",
    "compression": "timescaledb_information.compression_settings",
    "policy": "timescaledb_information.jobs",
    "job": "timescaledb_information.jobs",
    "chunk": "timescaledb_information.chunk_compression_settings and the chunks in pg_inherits",
    "trigger": "pg_trigger",
    "rule": "pg_rewrite",
    "row_security_policy": "pg_policy",
}

#: Of kinds that the census alone reads.
_CATALOGS = "the server's catalogs"

#: Why an index is missing that TimescaleDB makes by itself.
_NO_DEFAULT_INDEX = (
    "it was dropped, or create_default_indexes => false said so, or the dimension came by "
    "add_dimension(), which makes none; time_index=False in the models says the same"
)
_NOT_CHANGED = (
    "CREATE ... IF NOT EXISTS keeps the continuous aggregate that is there; drop it and create it "
    "anew WITH NO DATA, and refresh it afterwards"
)
#: The likely cause of a disagreement about one attribute.
_CAUSES = {
    **kinds.CAUSES,
    ("hypertable", "chunk_interval"): (
        "create_hypertable(..., if_not_exists => true) keeps the interval of a hypertable that is "
        "already there, and set_chunk_time_interval() changes it for new chunks"
    ),
    ("hypertable", "integer_now"): "set_integer_now_func() was not called, or named another "
    "function; without it no policy knows how old a chunk is, and every run fails",
    ("compression", "sparse_indexes"): "left open, TimescaleDB chooses them for each chunk; from "
    "2.22 on timescaledb.compress_index (later sparse_index, and index) sets them, together with "
    "the order",
    ("hypertable", EXISTS): "create_hypertable() was not called, or the table was made anew",
    ("compression", EXISTS): "compression was never enabled, or ALTER TABLE ... SET "
    "(timescaledb.compress = false) turned it off",
    ("compression", "segment_by"): "left open, it is chosen by TimescaleDB, and differently by "
    "every version; state it in ALTER TABLE ... SET (timescaledb.compress_segmentby = ...)",
    ("compression", "order_by"): "left open, it is chosen by TimescaleDB, and differently by every "
    "version; state it in ALTER TABLE ... SET (timescaledb.compress_orderby = ...)",
    ("compression", "chunk_interval"): "timescaledb.compress_chunk_time_interval merges chunks up "
    "to this length when they are compressed",
    ("continuous_aggregate", "materialized_only"): "its default is true from 2.13 on and was false "
    "before; state it in CREATE MATERIALIZED VIEW ... WITH (timescaledb.materialized_only = ...)",
    ("continuous_aggregate", "definition"): _NOT_CHANGED,
    ("continuous_aggregate", "bucket"): _NOT_CHANGED,
    ("continuous_aggregate", "source"): _NOT_CHANGED,
    ("continuous_aggregate", "automatic_indexes"): "timescaledb.create_group_indexes = false makes "
    "none on the columns of GROUP BY; group_indexes=False in the models says the same",
    ("policy", EXISTS): "add_compression_policy(), add_retention_policy() or "
    "add_continuous_aggregate_policy() was not called, or the policy was removed",
    ("policy", "compress_after"): "add_compression_policy(..., if_not_exists => true) warns and "
    "keeps an existing policy's age",
    ("policy", "count"): "a policy was added a second time, for instance by CREATE TABLE ... WITH "
    "(tsdb.hypertable), which adds one by itself from 2.23 on",
    ("policy", "scheduled"): "alter_job(..., scheduled => false), or a next start at infinity or "
    "more than a year away, pauses a job",
    ("chunk", "other_compression_settings"): "settings were changed after these chunks were "
    "compressed; decompress and compress them again",
    ("chunk", "alterations"): "somebody changed a chunk instead of its hypertable",
    ("unique", "nulls"): "where NULLs are distinct, a row with a NULL in its key can be written "
    "twice",
    ("foreign_key", "validated"): "it was added NOT VALID; ALTER TABLE ... VALIDATE CONSTRAINT "
    "checks the rows that were there before",
    ("check", "validated"): "it was added NOT VALID; ALTER TABLE ... VALIDATE CONSTRAINT checks "
    "the rows that were there before",
    ("foreign_key", "enforced"): "its triggers are disabled; ALTER TABLE ... ENABLE TRIGGER ALL, "
    "on both tables, enforces it again",
    ("index", "valid"): "building it failed half-way; drop it and create it again",
    ("table", "persistence"): "an unlogged table is emptied by a crash; ALTER TABLE ... SET LOGGED",
    ("extension", "restoring"): "timescaledb_pre_restore() was not followed by "
    "timescaledb_post_restore(); until then no policy runs and inserts bypass the chunks",
    ("trigger", EXISTS): "a trigger can change or swallow what is written",
    ("rule", EXISTS): "a rule can replace what is written",
}


def message_for(
    key: FactKey, disagreement: str, expected: Value, observed: Value, instead: str | None = None
) -> str:
    """`hypertable market_data: chunk interval is 7 days, the models declare 30 days (1 month)`.

    Args:
        instead: what kind of relation the other side has under this name.
    """
    subject = f"{_NOUNS.get(key.kind, key.kind)} {key.object}"
    if instead is not None:
        there, wanted = _both(key, disagreement, instead)
        return (
            f"{subject}: is a {_noun(there)} in the database, the models declare a {_noun(wanted)}"
        )
    if key.attribute == EXISTS:
        if disagreement == "missing":
            return f"{subject}: is missing, the models declare it"
        detail = f" ({observed})" if isinstance(observed, str) else ""
        return f"{subject}: is in the database, the models do not declare it{detail}"
    name = key.attribute.replace("_", " ")
    verb = "are" if key.kind == "chunk" else "is"
    declared = "nothing" if disagreement == "unexpected" else show(expected)
    seen = "not set" if disagreement == "missing" else show(observed)
    if isinstance(expected, Unsaid):
        return f"{subject}: {name} {verb} {seen}, the models leave it open: {expected.ways}"
    return f"{subject}: {name} {verb} {seen}, the models declare {declared}"


def _noun(kind: str) -> str:
    return _NOUNS.get(kind, kind)


def _both(key: FactKey, disagreement: str, instead: str) -> tuple[str, str]:
    """The kind that is in the database, and the kind that is declared."""
    return (instead, key.kind) if disagreement == "missing" else (key.kind, instead)


def hint_for(key: FactKey, disagreement: str, instead: str | None = None) -> str:
    """Where it was read, and the likely cause where one stands out."""
    read = f"Read from {_SOURCES.get(key.kind, _CATALOGS)}."
    if instead is not None:
        there, wanted = _both(key, disagreement, instead)
        return (
            f"{read} Declare the {_noun(there)}{_with(there)}, or make the {_noun(wanted)} in a "
            "migration."
        )
    cause = _CAUSES.get((key.kind, key.attribute))
    if key.kind == "index" and disagreement == "missing" and key.name.startswith("<"):
        cause = _NO_DEFAULT_INDEX
    if cause is None or (key.attribute == EXISTS and not _fits(key.kind, disagreement)):
        return f"{read} {_way_out(key, disagreement)}"
    if disagreement == "unexpected" and key.kind in kinds.DECLARATIONS:
        return f"{read} Likely cause: {cause}. {_way_out(key, disagreement)}"
    return f"{read} Likely cause: {cause}."


def _fits(kind: str, disagreement: str) -> bool:
    """Causes of absence explain what is missing; the others explain what is there."""
    return (disagreement == "unexpected") is (kind in kinds.PRESENT)


def _way_out(key: FactKey, disagreement: str) -> str:
    if disagreement == "unexpected":
        declaration = _with(_policy(key) if key.kind == "policy" else key.kind)
        if key.kind == "policy" and key.name and not declaration:
            return "Nothing declares a policy of this kind: remove it in a migration."
        return f"Declare it{declaration or ' in the models'}, or drop it in a migration."
    if disagreement == "missing" and key.kind == "primary_key":
        return (
            "Create it in a migration. Where the table is to have none, the mapper alone is told: "
            '__mapper_args__ = {"primary_key": [...]} in the class, and no primary_key=True.'
        )
    if disagreement == "missing":
        return "Create it in a migration, or drop it from the models."
    return "Change it in a migration, or in the models if the database is right."


def _policy(key: FactKey) -> str:
    """`policy refresh`, also of one among several."""
    return f"policy {key.name.strip('<>').partition(' ')[0]}"


def _with(kind: str) -> str:
    """` with Refresh(...)`; empty where plain SQLAlchemy will do."""
    return f" with {kinds.DECLARATIONS[kind]}" if kind in kinds.DECLARATIONS else ""
