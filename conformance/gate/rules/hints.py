"""How to reach the same result without blocking, derived from a statement's text. Pure.

Sources: PostgreSQL documentation, "ALTER TABLE" (notes on NOT VALID and USING INDEX), "CREATE
INDEX" and "REINDEX" (building indexes concurrently); TimescaleDB documentation, "CREATE INDEX
(Transaction per chunk)", "compress_chunk". Observed on 2.17, 2.28 and 2.29: a hypertable reads its
chunks even under NOT VALID, rejects VALIDATE CONSTRAINT if compression is enabled, and supports
CONCURRENTLY only for its chunks.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.comparing.rejections import IN_AUTOCOMMIT, NO_DATA
from conformance.gate.rules.sentences import first_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.gate.evidence.evidence import Failure

_QUIET_HOUR = "Choose a quiet hour, set a lock timeout, and accept the finding with the reason."
_CHUNK_BY_CHUNK = (
    f"Convert one chunk at a time {IN_AUTOCOMMIT}, in a DO block that commits after each, so that "
    "only one chunk is locked; or leave the chunks to a policy."
)
_MOVES_CHUNKS = r".*\b(DE|RE)?COMPRESS_CHUNK\b|.*\bCONVERT_TO_(ROW|COLUMN)STORE\b"

#: Statements that read rows under a blocking lock, and the alternatives: for a plain table, for a
#: hypertable.
_SCANS = (
    (
        r"CREATE UNIQUE INDEX",
        f"Use CREATE UNIQUE INDEX CONCURRENTLY {IN_AUTOCOMMIT}.",
        "A unique index on a hypertable cannot be built without a blocking lock: choose a quiet "
        "hour, and accept the finding.",
    ),
    (
        r"CREATE INDEX",
        f"Use CREATE INDEX CONCURRENTLY {IN_AUTOCOMMIT}.",
        "Hypertables do not support CONCURRENTLY: use CREATE INDEX ... WITH "
        f"(timescaledb.transaction_per_chunk) {IN_AUTOCOMMIT}.",
    ),
    (
        r"REINDEX",
        f"Use REINDEX ... CONCURRENTLY {IN_AUTOCOMMIT}.",
        "Hypertables do not support REINDEX CONCURRENTLY, but chunks do: run REINDEX TABLE "
        f"CONCURRENTLY on each chunk of show_chunks() {IN_AUTOCOMMIT}.",
    ),
    (
        r"ALTER TABLE .* ADD (CONSTRAINT \S+ )?(UNIQUE|PRIMARY KEY)",
        f"Run CREATE UNIQUE INDEX CONCURRENTLY first {IN_AUTOCOMMIT}; ADD CONSTRAINT ... USING "
        "INDEX then reads no rows.",
        "A key cannot be added to a hypertable without a blocking lock: choose a quiet hour, set "
        "a lock timeout, and accept the finding.",
    ),
    (r"ALTER TABLE .* ADD (CONSTRAINT \S+ )?EXCLUDE", _QUIET_HOUR, _QUIET_HOUR),
    (
        r"ALTER TABLE .* VALIDATE CONSTRAINT",
        f"Validate the constraint in a separate transaction: {IN_AUTOCOMMIT}, or in a revision "
        "that is deployed later.",
        _QUIET_HOUR,
    ),
    (
        r"ALTER TABLE .* ADD (CONSTRAINT|CHECK|FOREIGN)",
        "Add the constraint NOT VALID, and run VALIDATE CONSTRAINT in a later revision.",
        "A hypertable reads its chunks even under NOT VALID: choose a quiet hour, set a lock "
        "timeout, and accept the finding.",
    ),
    (
        r"ALTER TABLE \S+ ADD .*\b(UNIQUE|PRIMARY KEY)\b",
        f"Add the column first; then run CREATE UNIQUE INDEX CONCURRENTLY {IN_AUTOCOMMIT}, and ADD "
        "CONSTRAINT ... USING INDEX.",
        _QUIET_HOUR,
    ),
    (
        r"ALTER TABLE \S+ ADD .*\bCHECK\b",
        "Add the column first, then the constraint NOT VALID, and run VALIDATE CONSTRAINT in a "
        "later revision.",
        _QUIET_HOUR,
    ),
    (
        r"ALTER TABLE .* SET NOT NULL",
        "Add CHECK (column IS NOT NULL) NOT VALID, and validate the check in a later revision; SET "
        "NOT NULL then reads no rows.",
        "A hypertable reads its chunks for SET NOT NULL: choose a quiet hour, set a lock timeout, "
        "and accept the finding.",
    ),
    (_MOVES_CHUNKS, _CHUNK_BY_CHUNK, _CHUNK_BY_CHUNK),
)

_STORED_FORM = (
    "Add a new column, fill it in batches, and exchange the names; or keep the stored type."
)
_MAINTENANCE = (
    "Do this as maintenance outside of migrations: in a quiet hour, or with a tool that rebuilds a "
    "copy of the table."
)
_DEFAULT_LATER = (
    "Add the column without the default, then SET DEFAULT for new rows, and fill existing rows in "
    "batches."
)
_FILLED_BY_TRIGGER = (
    "Add a plain column, have a trigger fill it in new rows, and fill existing rows in batches; or "
    "compute the value in a view."
)
_IDENTITY_LATER = (
    "Add a plain column, SET DEFAULT nextval() of a sequence for new rows, and fill existing rows "
    "in batches."
)
_NEW_HYPERTABLE = (
    "Create an empty hypertable, copy the rows in batches outside of the revision, and exchange the"
    " names in a later one."
)
_OTHER_STORAGE = (
    "Do this as maintenance outside of migrations: PostgreSQL copies the table, or writes all of "
    "it to the WAL, under the lock. Or fill a new table in batches, and exchange the names."
)
_REFRESH = (
    f"Use REFRESH MATERIALIZED VIEW CONCURRENTLY {IN_AUTOCOMMIT}, which a unique index on the "
    "view allows; or refresh the view outside of migrations."
)
_CHUNKS_APART = (
    "Do this as maintenance outside of migrations, each call in a transaction of its own, so that "
    "only its chunks are locked."
)
_REWRITES = (
    (r"REFRESH MATERIALIZED VIEW", _REFRESH, _REFRESH),
    (r".*\b(MERGE_CHUNKS|SPLIT_CHUNK|REORDER_CHUNK|MOVE_CHUNK)\b", _CHUNKS_APART, _CHUNKS_APART),
    (
        r"ALTER TABLE .* SET (LOGGED|UNLOGGED|ACCESS METHOD|TABLESPACE)\b",
        _OTHER_STORAGE,
        _OTHER_STORAGE,
    ),
    (
        r"CLUSTER|VACUUM",
        _MAINTENANCE,
        "Do this as maintenance outside of migrations: run reorder_chunk() on each chunk.",
    ),
    (_MOVES_CHUNKS, _CHUNK_BY_CHUNK, _CHUNK_BY_CHUNK),
    (r".*\bCREATE_HYPERTABLE\b", _NEW_HYPERTABLE, _NEW_HYPERTABLE),
    (r"ALTER TABLE .* ADD .* GENERATED .*\bAS IDENTITY\b", _IDENTITY_LATER, _IDENTITY_LATER),
    (r"ALTER TABLE .* ADD .* GENERATED ALWAYS AS\b", _FILLED_BY_TRIGGER, _FILLED_BY_TRIGGER),
    (
        r"ALTER TABLE \S+ ADD (?!CONSTRAINT|CHECK|FOREIGN|UNIQUE|PRIMARY)",
        _DEFAULT_LATER,
        _DEFAULT_LATER,
    ),
)

_DEPENDENT = re.compile(
    r"(?:rule \S+ on )?(?P<kind>continuous aggregate|materialized view|view) (?P<name>.+?)"
    r" depends on "
)
_AGGREGATE_EXISTS = re.compile(r'continuous aggregate ".*" already exists')
_ON_ROWS = "Make the upgrade work on tables with rows and on compressed chunks."


def hint_for_scan(sql: str, *, hypertable: bool) -> str:
    """How to read the rows without a blocking lock, where that is possible."""
    return _choose(_SCANS, sql, hypertable=hypertable) or _QUIET_HOUR


def hint_for_rewrite(sql: str, *, hypertable: bool) -> str:
    """How to avoid a statement that rewrites all rows."""
    return _choose(_REWRITES, sql, hypertable=hypertable) or _STORED_FORM


def hint_for_refusal(sql: str) -> str:
    """What to do instead of a statement that compression forbids."""
    if re.match(
        r"ALTER TABLE .* ADD (?!CONSTRAINT|CHECK|FOREIGN|UNIQUE|PRIMARY)", first_words(sql)
    ):
        return (
            "Add the column nullable or with a constant default, and any constraint separately; or "
            "decompress all chunks first."
        )
    if re.match(r"(WITH .*)?(UPDATE|MERGE)\b", first_words(sql)):
        return (
            f"Decompress the chunks first, one at a time {IN_AUTOCOMMIT}, and compress them again "
            "afterwards."
        )
    return (
        "Run the statement before compression is enabled, or decompress all chunks and disable "
        "compression first."
    )


def hint_for_offline(reason: str) -> str:
    """What to do if offline SQL has another effect, by the error that it raises."""
    if "SyntaxError" in reason or "%%" in reason:
        return (
            "Offline Alembic does not know the server's version: state what depends on it, such as "
            "persisted=True of Computed(); and set dialect_opts={'paramstyle': 'named'} in env.py, "
            "so that percent signs are not doubled."
        )
    if "in offline mode" in reason:
        return "Ask context.is_offline_mode() before connecting, and print SQL instead."
    if "MockConnection" in reason:
        return "Use op.execute(): there is no connection and no cursor offline."
    if "No literal value renderer" in reason:
        return (
            "Give the columns of the statement their types, such as sa.column('code', sa.Text()):"
            " offline SQL writes the values out."
        )
    return "Do not use query results in Python; use a DO block to decide in SQL."


def is_by_chunk(sql: str, chunks: int) -> bool:
    """Whether a statement outside of a transaction converts one chunk at a time, as the hint says.

    Args:
        chunks: how many chunks it converted.
    """
    words = first_words(sql)
    return bool(re.match(_MOVES_CHUNKS, words)) and (chunks == 1 or "COMMIT;" in words)


def hint_for_dependents(dependents: Sequence[str]) -> str | None:
    """What to do about views and continuous aggregates that depend on the changed object.

    Args:
        dependents: no view stands before what it reads from.
    """
    found = [match for line in dependents if (match := _DEPENDENT.match(line))]
    if not found:
        return None
    last, *others = dict.fromkeys(match["name"] for match in reversed(found))
    then = "".join(f", then {name}" for name in others)
    again = f"recreate {'them in the reverse order' if others else last} afterwards"
    if any(match["kind"] == "continuous aggregate" for match in found):
        again += " (continuous aggregates WITH NO DATA, which are refreshed after the revision)"
    too = " Drop the other objects that the message names, too."
    return f"Drop {last} first{then}; {again}.{too if len(found) < len(dependents) else ''}"


def hint_for_interruption(failure: Failure | None) -> str:
    """What to do if a second run does not complete the upgrade, by the server's message."""
    if failure is not None and _AGGREGATE_EXISTS.search(failure.reason):
        return NO_DATA
    return (
        "Run the upgrade in one transaction, or let it continue after an incomplete run: add IF "
        "NOT EXISTS to the statements that commit."
    )


def hint_for_rows() -> str:
    """What to do about any other statement that the server rejects."""
    return _ON_ROWS


def _choose(hints: tuple[tuple[str, str, str], ...], sql: str, *, hypertable: bool) -> str | None:
    words = first_words(sql)
    for pattern, plain, for_hypertable in hints:
        if re.match(pattern, words):
            return for_hypertable if hypertable else plain
    return None
