"""How the same is done without harm, told from a statement's words. Pure.

Sources: PostgreSQL documentation, "ALTER TABLE" (notes on NOT VALID and USING INDEX), "CREATE
INDEX" and "REINDEX" (building indexes concurrently); TimescaleDB documentation, "CREATE INDEX
(Transaction per chunk)", "compress_chunk". That a hypertable reads its chunks even under NOT VALID,
refuses VALIDATE where it is compressed, and has no CONCURRENTLY but for its chunks, was seen on
2.17, 2.28 and 2.29.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.gate.rules.sentences import first_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.gate.evidence.evidence import Failure

_ALONE = "in an op.get_context().autocommit_block()"
_QUIET_HOUR = "Choose a quiet hour, with a lock timeout, and accept it with the reason."
_CHUNKS_ALONE = (
    f"Do it chunk by chunk, {_ALONE}, so that each is locked by itself: a DO block may COMMIT "
    "after each; or leave it to a policy."
)
_MOVES_CHUNKS = r".*\b(DE)?COMPRESS_CHUNK\b|.*\bCONVERT_TO_(ROW|COLUMN)STORE\b"

#: What is begun under a lock that blocks others, and how it is done without: on a plain table, on
#: a hypertable.
_SCANS = (
    (
        r"CREATE UNIQUE INDEX",
        f"CREATE UNIQUE INDEX CONCURRENTLY, {_ALONE}.",
        "A unique index on a hypertable has no other way: choose a quiet hour, and accept it.",
    ),
    (
        r"CREATE INDEX",
        f"CREATE INDEX CONCURRENTLY, {_ALONE}.",
        "A hypertable has no CONCURRENTLY: CREATE INDEX ... WITH "
        f"(timescaledb.transaction_per_chunk), {_ALONE}.",
    ),
    (
        r"REINDEX",
        f"REINDEX ... CONCURRENTLY, {_ALONE}.",
        "A hypertable has no REINDEX CONCURRENTLY, but each chunk of show_chunks() has: REINDEX "
        f"TABLE CONCURRENTLY, chunk by chunk, {_ALONE}.",
    ),
    (
        r"ALTER TABLE .* ADD (CONSTRAINT \S+ )?(UNIQUE|PRIMARY KEY)",
        f"CREATE UNIQUE INDEX CONCURRENTLY first, {_ALONE}; ADD CONSTRAINT ... USING INDEX then "
        "reads nothing.",
        "A key of a hypertable has no other way: choose a quiet hour, with a lock timeout, and "
        "accept it.",
    ),
    (r"ALTER TABLE .* ADD (CONSTRAINT \S+ )?EXCLUDE", _QUIET_HOUR, _QUIET_HOUR),
    (
        r"ALTER TABLE .* VALIDATE CONSTRAINT",
        f"Validate it in a transaction of its own: {_ALONE}, or in a revision that is deployed "
        "later.",
        _QUIET_HOUR,
    ),
    (
        r"ALTER TABLE .* ADD (CONSTRAINT|CHECK|FOREIGN)",
        "Add it NOT VALID, and VALIDATE CONSTRAINT in a later revision.",
        "A hypertable reads its chunks even under NOT VALID: choose a quiet hour, with a lock "
        "timeout, and accept it.",
    ),
    (
        r"ALTER TABLE .* SET NOT NULL",
        "Add CHECK (column IS NOT NULL) NOT VALID, and validate it in a later revision; SET NOT "
        "NULL then reads nothing.",
        "A hypertable reads its chunks for it: choose a quiet hour, with a lock timeout, and "
        "accept it.",
    ),
    (_MOVES_CHUNKS, _CHUNKS_ALONE, _CHUNKS_ALONE),
)

_STORED_FORM = (
    "Add a new column, fill it in batches, and change over to it; or leave the stored form alone."
)
_MAINTENANCE = (
    "Leave it to maintenance, outside of migrations: a quiet hour, or a tool that copies beside "
    "the table."
)
_DEFAULT_LATER = (
    "Add it without the default, then SET DEFAULT for new rows, and fill the old ones in batches."
)
_REWRITES = (
    (r"CLUSTER|VACUUM", _MAINTENANCE, "Leave it to maintenance: reorder_chunk(), chunk by chunk."),
    (_MOVES_CHUNKS, _CHUNKS_ALONE, _CHUNKS_ALONE),
    (
        r"ALTER TABLE \S+ ADD (?!CONSTRAINT|CHECK|FOREIGN|UNIQUE|PRIMARY)(?!.* GENERATED )",
        _DEFAULT_LATER,
        _DEFAULT_LATER,
    ),
)

_NO_DATA = (
    "Create it WITH NO DATA, in the transaction of the revision; refresh it afterwards, by its "
    "policy or by CALL refresh_continuous_aggregate() outside of migrations."
)

#: What the server says, and what it wants instead.
_FAILURES = (
    (r"CREATE MATERIALIZED VIEW \.\.\. WITH DATA cannot run", _NO_DATA),
    (
        r"refresh_continuous_aggregate\(\) cannot run inside a transaction",
        "Leave it to the refresh policy, or CALL refresh_continuous_aggregate() after the "
        "revision, outside of migrations.",
    ),
    (
        r"CONCURRENTLY cannot run inside a transaction|cannot .*run inside a transaction block",
        f"Execute it {_ALONE}.",
    ),
    (
        r"hypertables do not support concurrent",
        f"Take WITH (timescaledb.transaction_per_chunk) in place of CONCURRENTLY, {_ALONE}.",
    ),
    (
        r"concurrent index creation on hypertables is not supported",
        f"REINDEX TABLE CONCURRENTLY each chunk of show_chunks(), {_ALONE}.",
    ),
    (
        r"hypertables do not support adding a constraint using an existing index",
        "ADD CONSTRAINT with the columns themselves, in place of USING INDEX.",
    ),
    (
        r"cannot create a unique index without the column",
        "Put the column that the hypertable is partitioned by into the key.",
    ),
    (
        r"lock timeout",
        "Set a lock timeout that leaves time for it; here nobody else holds locks.",
    ),
)
_DEPENDENT = re.compile(
    r"(?:rule \S+ on )?(?P<kind>continuous aggregate|materialized view|view) (?P<name>\S+)"
    r" depends on "
)
_ON_ROWS = "Make it run on tables that have rows, and on chunks that are compressed."


def hint_for_scan(sql: str, *, hypertable: bool) -> str:
    """How rows are gone through without a lock that blocks others, where it can be."""
    return _chosen(_SCANS, sql, hypertable=hypertable) or _QUIET_HOUR


def hint_for_rewrite(sql: str, *, hypertable: bool) -> str:
    """How a statement that writes all rows anew is got around."""
    return _chosen(_REWRITES, sql, hypertable=hypertable) or _STORED_FORM


def hint_for_refusal(sql: str) -> str:
    """What to do in place of a statement that compression forbids."""
    if re.match(
        r"ALTER TABLE .* ADD (?!CONSTRAINT|CHECK|FOREIGN|UNIQUE|PRIMARY)", first_words(sql)
    ):
        return (
            "Add it nullable or with a constant default, and any constraint by itself; or "
            "decompress first."
        )
    return "Do it before compression is enabled, or decompress all chunks and disable it first."


def hint_for_offline(reason: str) -> str:
    """What to do where offline SQL does something else, by what is raised."""
    if "SyntaxError" in reason or "%%" in reason:
        return (
            "Offline Alembic does not know the server: say what depends on its version, such as "
            "persisted=True of Computed(); and dialect_opts={'paramstyle': 'named'} in env.py, or "
            "each percent sign is doubled."
        )
    if "MockConnection" in reason:
        return "Send it with op.execute(): offline there is no connection, and no cursor."
    return "Decide nothing in Python by what a query answers; a DO block can decide in SQL."


def is_by_chunk(sql: str, chunks: int) -> bool:
    """Whether a statement outside of a transaction moves chunks as that way out says.

    Args:
        chunks: how many it moved.
    """
    words = first_words(sql)
    return bool(re.match(_MOVES_CHUNKS, words)) and (chunks == 1 or "COMMIT;" in words)


def may_be_of_rows(failure: Failure) -> bool:
    """Whether other rows might have let it pass; the server's other reasons are known."""
    known = any(re.search(pattern, failure.reason) for pattern, _ in _FAILURES)
    return not (known or failure.dependents)


def hint_for_dependents(dependents: Sequence[str]) -> str | None:
    """What to do about continuous aggregates and views that are computed from what is to change."""
    found = [match for line in dependents if (match := _DEPENDENT.match(line))]
    if not found:
        return None
    names = ", ".join(dict.fromkeys(match["name"] for match in found))
    anew = "create it anew afterwards"
    if any(match["kind"] == "continuous aggregate" for match in found):
        anew += ", a continuous aggregate WITH NO DATA, and refresh that once it is there"
    return f"Rows play no part: drop {names} first, and before it what is computed from it; {anew}."


def hint_for_interruption(reason: str) -> str:
    """What to do where a second run cannot begin again, by what the server says of it."""
    if re.search(r'continuous aggregate ".*" already exists', reason):
        return _NO_DATA
    return (
        "Let it run in one transaction, or write it so that it can begin again: IF NOT EXISTS "
        "where it has committed before."
    )


def hint_for_failure(reason: str) -> str:
    """What to do about a statement that the server refuses, by what it says."""
    for pattern, way in _FAILURES:
        if re.search(pattern, reason):
            return way
    return _ON_ROWS


def _chosen(ways: tuple[tuple[str, str, str], ...], sql: str, *, hypertable: bool) -> str | None:
    words = first_words(sql)
    for pattern, plain, of_hypertable in ways:
        if re.match(pattern, words):
            return of_hypertable if hypertable else plain
    return None
