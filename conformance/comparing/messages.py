"""The sentences of a finding: what differs, where it was read, the likely cause, what to do."""

from __future__ import annotations

from conformance.comparing import kinds
from conformance.comparing.facts import (
    ANYTHING,
    DERIVED,
    EXISTS,
    FactKey,
    Given,
    Unsaid,
    Value,
    show,
)

_NOUNS = {
    **kinds.NOUNS,
    "primary_key": "primary key of",
    "unique": "unique constraint",
    "foreign_key": "foreign key",
    "check": "check constraint",
    "exclusion": "exclusion constraint",
    "compression": "compression of",
    "chunk": "chunks of",
    "comment": "comment of",
    "row_security_policy": "row security policy",
    "type": "enum type",
}

#: Attributes that are read elsewhere than the other facts of their kind.
_SOURCES_OF_ATTRIBUTES = {
    ("hypertable", "chunk_target_size"): "_timescaledb_catalog.hypertable",
    ("hypertable", "root_table_rows"): "pg_class and the server's statistics",
}
#: Kind -> the catalogs and views that its facts are read from.
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
    "chunk": "timescaledb_information.chunk_columnstore_settings (chunk_compression_settings before"
    " 2.18) and the chunks in pg_inherits",
    "trigger": "pg_trigger",
    "comment": "pg_description",
    "rule": "pg_rewrite",
    "row_security_policy": "pg_policy",
}

#: The source of kinds that only the census reads.
_CATALOGS = "the server's catalogs"

#: Attributes whose name is not what a reader calls them.
_ATTRIBUTES = {
    "automatic_indexes": "the indexes that TimescaleDB creates by itself",
    "check": "WITH CHECK condition",
    "chunk_target_size": "target size of chunks (adaptive chunking)",
    "combined": "combination with other policies",
    "compress_created_before": "time from a chunk's creation to its compression",
    "count": "number of jobs",
    "direct": "direct compression of written rows",
    "drop_created_before": "time from a chunk's creation to its drop",
    "generated": "generation expression",
    "include": "INCLUDE columns",
    "inherited_by": "child tables",
    "inherits": "parent tables",
    "integer_now": "integer_now function",
    "match": "MATCH type",
    "nulls": "treatment of NULLs",
    "on_delete": "ON DELETE action",
    "on_update": "ON UPDATE action",
    "other_compression_settings": "those with other compression settings",
    "over_periods": "use of periods (WITHOUT OVERLAPS, PERIOD)",
    "partitioned_by": "partition key",
    "referred_to_by": "foreign keys in other schemas",
    "root_table_rows": "rows in the root table",
    "sequences_behind": "sequences whose next number is in use",
    "unindexed_groups": "columns of GROUP BY or ORDER BY without an index",
    "updates_refused": "publications that refuse UPDATE and DELETE",
    "using": "USING condition",
    "withheld_from_owner": "privileges revoked from the owner",
}
#: Attributes whose parts are the columns of one index each, `venue, day`.
_COLUMNS_OF_INDEXES = ("automatic_indexes", "unindexed_groups")
#: What a pattern names together with its kind.
_NAMED_BY_KIND = ("trigger", "job")
#: Attributes that are several things.
_PLURAL = frozenset(
    {
        "alterations",
        "altered_partitions",
        "automatic_indexes",
        "checks",
        "columns",
        "disabled_event_triggers",
        "events",
        "include",
        "inherited_by",
        "inherits",
        "labels",
        "operators",
        "options",
        "other_compression_settings",
        "other_sparse_indexes",
        "partitions",
        "privileges",
        "references",
        "referred_to_by",
        "roles",
        "roles_that_bypass_row_security",
        "root_table_rows",
        "sequences_behind",
        "settings",
        "sparse_indexes",
        "tablespaces",
        "transition_tables",
        "unindexed_groups",
        "updates_refused",
        "withheld_from_owner",
    }
)

#: Why an index is missing that TimescaleDB creates by itself.
_NO_DEFAULT_INDEX = (
    "the index was dropped, create_default_indexes => false prevented it, or add_dimension() added "
    "the dimension without an index. To declare that, write time_index=False in the models"
)
_NO_GROUP_INDEX = (
    "TimescaleDB creates an index on the bucket and, unless timescaledb.create_group_indexes = "
    "false, one on each other column of GROUP BY or ORDER BY with the bucket. Somebody dropped or "
    "created one, or the setting was another. CREATE INDEX ON ... (column, bucket DESC) creates "
    "one that is missing. To declare that there is only the one on the bucket, write "
    "group_indexes=False in the models"
)
_NOT_CHANGED = (
    "CREATE ... IF NOT EXISTS keeps a continuous aggregate that exists already. Drop the "
    "continuous aggregate, create it again WITH NO DATA, and refresh it"
)
_NOT_VALIDATED = (
    "the constraint was added NOT VALID. ALTER TABLE ... VALIDATE CONSTRAINT checks the existing "
    "rows"
)
#: The likely cause of a disagreement about a policy that other functions add than the usual ones.
_OTHER_POLICIES = {
    (f"policy {name}", EXISTS): f"add_{name}_policy() was not called, or the policy was removed"
    for name in ("compaction", "reorder")
}
#: The likely cause of a disagreement about one attribute, without the last full stop.
_CAUSES = {
    **kinds.CAUSES,
    ("hypertable", "chunk_interval"): (
        "create_hypertable(..., if_not_exists => true) keeps the interval of a hypertable that is "
        "already there, and set_chunk_time_interval() changes it for new chunks"
    ),
    ("hypertable", "chunk_target_size"): (
        "somebody called set_adaptive_chunking(). TimescaleDB then changes the chunk interval by "
        "itself, as rows come. set_adaptive_chunking(..., 'off') ends that"
    ),
    ("hypertable", "root_table_rows"): (
        "rows were written while timescaledb.restoring was on, or while the server had not loaded "
        "TimescaleDB. They are in the table of the hypertable itself and in no chunk: no query "
        "reads them, and no policy compresses or drops them. After SET timescaledb.restoring = on, "
        "CREATE TABLE rescued AS SELECT * FROM ONLY copies them, and DELETE FROM ONLY removes "
        "them; after RESET, INSERT INTO ... SELECT * FROM rescued brings them into chunks. If "
        "FROM ONLY has no rows, the count is old: ANALYZE the table"
    ),
    ("hypertable", "integer_now"): "set_integer_now_func() was not called, or was called with "
    "another function. Without the right function a policy cannot tell how old a chunk is, and its "
    "runs fail",
    ("compression", "sparse_indexes"): "TimescaleDB chooses the sparse indexes of each chunk where "
    "none are set. From 2.22 on ALTER TABLE ... SET (timescaledb.compress_index = ..., "
    "timescaledb.compress_orderby = ...) sets them; later versions call the option sparse_index or "
    "index",
    ("hypertable", EXISTS): "create_hypertable() was not called, or the table was dropped and "
    "created again",
    (
        "compression",
        "direct",
    ): "ALTER TABLE ... SET (timescaledb.direct_compress = ...), of 2.29 and "
    "later. It also adds or removes the policies for compression and compaction",
    ("compression", EXISTS): "compression was never enabled, or ALTER TABLE ... SET "
    "(timescaledb.compress = false) turned it off",
    ("compression", "segment_by"): "where no segmentby is set, each version of TimescaleDB chooses "
    "another one. Set it with ALTER TABLE ... SET (timescaledb.compress_segmentby = ...)",
    ("compression", "order_by"): "where no orderby is set, each version of TimescaleDB chooses "
    "another one. Set it with ALTER TABLE ... SET (timescaledb.compress_orderby = ...)",
    ("compression", "chunk_interval"): "ALTER TABLE ... SET "
    "(timescaledb.compress_chunk_time_interval = ...) has another value. TimescaleDB merges chunks "
    "up to this length when it compresses them",
    ("continuous_aggregate", "materialized_only"): "the default was false before 2.13 and is true "
    "since then. State the option in CREATE MATERIALIZED VIEW ... WITH "
    "(timescaledb.materialized_only = ...)",
    ("continuous_aggregate", "alterations"): "somebody ran CREATE OR REPLACE VIEW, or altered the "
    "hypertable of the materialized rows or of the source. Readers then get other rows. Drop the "
    "continuous aggregate, create it again WITH NO DATA, and refresh it",
    ("continuous_aggregate", "definition"): _NOT_CHANGED,
    ("continuous_aggregate", "bucket"): _NOT_CHANGED,
    ("continuous_aggregate", "source"): _NOT_CHANGED,
    ("continuous_aggregate", "automatic_indexes"): _NO_GROUP_INDEX,
    ("continuous_aggregate", "unindexed_groups"): _NO_GROUP_INDEX,
    ("policy", EXISTS): "add_compression_policy(), add_retention_policy() or "
    "add_continuous_aggregate_policy() was not called, or the policy was removed",
    ("policy", "compress_after"): "add_compression_policy(..., if_not_exists => true) warns and "
    "keeps the age of an existing policy, and alter_job(..., config => ...) changes it. Remove the "
    "policy and add it again",
    ("policy", "config"): "somebody changed the configuration of the job, with alter_job(..., "
    "config => ...) or in the catalog. A hypertable_id in it is another hypertable than the job "
    "has, and the job works on that one",
    ("policy", "count"): "a policy was added a second time. From 2.23 on CREATE TABLE ... WITH "
    "(tsdb.hypertable) adds one by itself",
    ("policy", "scheduled"): "alter_job(..., scheduled => false) pauses a job, and so does a next "
    "start at infinity or more than a year away",
    ("chunk", "other_compression_settings"): "the compression settings were changed after these "
    "chunks were compressed. Decompress the chunks and compress them again",
    ("chunk", "alterations"): "somebody altered a chunk instead of its hypertable. Undo that, or "
    "alter the hypertable and the models as well",
    ("table", "referred_to_by"): "a table of a schema that is not checked refers to this one, and "
    "refuses some UPDATE and DELETE of its rows. Check that schema as well (--schemas), or drop "
    "the foreign key",
    ("table", "altered_partitions"): "somebody altered a partition instead of its table, and the "
    "rows that the table puts there are treated otherwise. Undo that, or alter the table and the "
    "models as well",
    ("table", "partitioned_by"): "the table was created with another PARTITION BY. PostgreSQL "
    "cannot change a partition key: create the table again and copy its rows, or correct "
    "postgresql_partition_by in the models",
    ("unique", "nulls"): "the constraint was created with, or without, NULLS NOT DISTINCT. Where "
    "NULLs are distinct, a row with a NULL in its key can be written twice",
    ("foreign_key", "validated"): _NOT_VALIDATED,
    ("check", "validated"): _NOT_VALIDATED,
    ("foreign_key", "enforced"): "the triggers of the foreign key are disabled. ALTER TABLE ... "
    "ENABLE TRIGGER ALL on both tables enables them",
    **{
        (
            kind,
            "valid",
        ): "the index of the constraint is not valid, so that rows with equal keys may "
        "be there. REINDEX INDEX ... builds the index again, and fails if such rows are there"
        for kind in ("primary_key", "unique")
    },
    ("index", "valid"): "building the index failed half-way. Drop the index and create it again",
    ("table", "persistence"): "the table was created UNLOGGED, and a crash empties it. ALTER TABLE "
    "... SET LOGGED makes the table permanent",
    ("extension", "version"): "ALTER EXTENSION ... UPDATE was not run after the server got a newer "
    "package; or the engine of a check is older than the models need. --engine and --image choose "
    "another one",
    ("extension", "disabled_event_triggers"): "somebody ran ALTER EVENT TRIGGER ... DISABLE. "
    "TimescaleDB then does not see that a hypertable is dropped or altered. ALTER EVENT TRIGGER "
    "... ENABLE enables them",
    ("extension", "sequences_behind"): "a dump was restored without the sequences of "
    "TimescaleDB's catalog. Rows for which there is no chunk yet are refused. Run SELECT "
    "setval(...) of each with the highest id of its table in _timescaledb_catalog",
    ("extension", "restoring"): "timescaledb_post_restore() was not called after "
    "timescaledb_pre_restore(). Until it is called, policies do not run and inserts bypass the "
    "chunks",
    ("trigger", EXISTS): "somebody ran CREATE TRIGGER. A trigger can change or discard the rows "
    "that are written",
    ("rule", EXISTS): "somebody ran CREATE RULE. A rule can replace a statement that writes rows",
}


def message_for(
    key: FactKey, disagreement: str, expected: Value, observed: Value, instead: str | None = None
) -> str:
    """`hypertable market_data: chunk interval is 7 days, the models declare 30 days (1 month)`.

    Args:
        instead: the kind of relation that the other side has under the same name.
    """
    subject = f"{noun_of(key.kind)} {key.object}"
    if instead is not None:
        there, wanted = _kinds_there_and_declared(key, disagreement, instead)
        found, declared = noun_of(there), noun_of(wanted)
        return f"{subject}: is a {found} in the database, the models declare a {declared}"
    if key.attribute == EXISTS:
        if disagreement == "missing":
            return f"{subject}: is missing, the models declare it"
        detail = f" ({observed})" if isinstance(observed, str) else ""
        return f"{subject}: is in the database, the models do not declare it{detail}"
    return (
        f"{subject}: {named(key.attribute)} "
        f"{_observed(key.attribute, disagreement, expected, observed)}, "
        "the models "
        + (
            f"do not declare one; {expected.ways}"
            if isinstance(expected, Unsaid)
            else _declared(key.attribute, disagreement, expected)
        )
    )


def _observed(attribute: str, disagreement: str, expected: Value, observed: Value) -> str:
    if disagreement == "missing" or (observed is None and isinstance(expected, Given)):
        return "not set"
    return shown(attribute, observed)


def _declared(attribute: str, disagreement: str, expected: Value) -> str:
    if disagreement == "unexpected":
        return "declare nothing"
    if isinstance(expected, Given):
        return f"need {expected}"
    return "allow any value" if expected == ANYTHING else f"declare {shown(attribute, expected)}"


def shown(attribute: str, value: Value) -> str:
    """The value of an attribute as its sentence has it: `(day) and (venue, day)` of indexes."""
    if attribute in _COLUMNS_OF_INDEXES and isinstance(value, tuple) and value:
        return " and ".join(f"({show(columns)})" for columns in value)
    return "none" if value == () else show(value)


def named(attribute: str) -> str:
    """The attribute and its verb: `chunk interval is`, `columns are`."""
    return f"{attribute_name(attribute)} {verb_of(attribute)}"


def attribute_name(attribute: str) -> str:
    """What a reader calls the attribute: `chunk interval`."""
    return _ATTRIBUTES.get(attribute, attribute.replace("_", " "))


def verb_of(attribute: str) -> str:
    """`are` of an attribute that is several things."""
    return "are" if attribute in _PLURAL else "is"


def noun_of(kind: str) -> str:
    """What a reader calls an object of the kind."""
    return _NOUNS.get(kind, kind)


def source_of(key: FactKey) -> str:
    """The catalogs and views that the fact is read from."""
    of_kind = _SOURCES.get(key.kind, _CATALOGS)
    return _SOURCES_OF_ATTRIBUTES.get((key.kind, key.attribute), of_kind)


def _kinds_there_and_declared(key: FactKey, disagreement: str, instead: str) -> tuple[str, str]:
    """The kind of the relation in the database, and the declared kind."""
    return (instead, key.kind) if disagreement == "missing" else (key.kind, instead)


def hint_for(key: FactKey, disagreement: str, instead: str | None = None) -> str:
    """Where the value was read, and the likely cause or what to do.

    Args:
        instead: the kind of relation that the other side has under the same name.
    """
    read = f"Read from {source_of(key)}."
    if instead is not None:
        there, wanted = _kinds_there_and_declared(key, disagreement, instead)
        return (
            f"{read} Declare the {noun_of(there)}{_with_declaration(there)}, or create the "
            f"{noun_of(wanted)} in a migration."
        )
    cause = _CAUSES.get((key.kind, key.attribute))
    if key.kind == "policy":
        cause = _OTHER_POLICIES.get((_policy(key), key.attribute), cause)
    if key.kind == "index" and disagreement == "missing" and key.name.startswith("<"):
        cause = _NO_DEFAULT_INDEX
    if cause is None or (key.attribute == EXISTS and not _explains(key.kind, disagreement)):
        return f"{read} {_what_to_do(key, disagreement)}"
    if disagreement == "unexpected" and key.kind in kinds.DECLARATIONS:
        return f"{read} Likely cause: {cause}. {_what_to_do(key, disagreement)}"
    return f"{read} Likely cause: {cause}."


def _explains(kind: str, disagreement: str) -> bool:
    """Whether the likely cause of `exists` fits: some explain absence, others presence."""
    return (disagreement == "unexpected") is (kind in kinds.PRESENT)


def _what_to_do(key: FactKey, disagreement: str) -> str:
    if disagreement == "unexpected":
        declaration = _with_declaration(_policy(key) if key.kind == "policy" else key.kind)
        if key.kind == "policy" and key.name and not declaration:
            return (
                "No declaration exists for this kind of policy. Remove the policy in a migration."
            )
        verb = "reset" if key.kind in ("setting", "storage") else "drop"
        way = f"Declare it{declaration or ' in the models'}, or {verb} it in a migration."
        return f"{way}{_leave(key)}"
    if disagreement == "missing" and key.kind == "primary_key":
        return (
            "Create the primary key in a migration. If the table should not have one, replace "
            'primary_key=True by __mapper_args__ = {"primary_key": [...]} in the class.'
        )
    if disagreement == "missing":
        return "Create it in a migration, or drop it from the models."
    if (key.kind, key.attribute) == ("column", "default"):
        return (
            "Change it in a migration, or server_default= in the models if the database is right. "
            "What a model says by default= is filled in by Python, and is no default of the table."
        )
    return "Change it in a migration, or in the models if the database is right."


def _leave(key: FactKey) -> str:
    """How a project says that the object is a library's or another application's."""
    if key.attribute != EXISTS or key.kind not in (*_NAMED_BY_KIND, "table", *DERIVED):
        return ""
    pattern = f"{key.kind}:{key.object}" if key.kind in _NAMED_BY_KIND else key.object
    return f' If it is somebody else\'s: leave = ["{pattern}"] in pyproject.toml.'


def _policy(key: FactKey) -> str:
    """`policy refresh`, the key of `DECLARATIONS`; also for one of several refresh policies."""
    return f"policy {key.name.strip('<>').partition(' ')[0]}"


def _with_declaration(kind: str) -> str:
    """` with Refresh(...)`; empty where plain SQLAlchemy declares the kind."""
    return f" with {kinds.DECLARATIONS[kind]}" if kind in kinds.DECLARATIONS else ""
