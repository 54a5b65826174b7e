"""What the locks and rewrites of an upgrade mean for those who read and write meanwhile. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.gate.report import GateFinding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conformance.gate.report import Lock, Statement

_COMMENT = re.compile(r"\s*(?:--[^\n]*\n|/\*.*?\*/)", re.DOTALL)
_WORD = re.compile(r"[A-Z]+")
#: Statements that need the strongest of their locks for their own work.
_DEFINING = frozenset({"ALTER", "CREATE", "DROP", "REINDEX", "TRUNCATE", "CLUSTER", "REFRESH"})
#: Statements that lock what was there before, seen from their first words.
_LOCKING = re.compile(r"(ALTER|DROP|REINDEX|TRUNCATE|CLUSTER|REFRESH|CREATE (UNIQUE )?INDEX)\b")
_UNLIMITED = frozenset({"0", "0ms", ""})

_SEPARATE = (
    "Do the work in an earlier revision or transaction, and take the lock in the last statement."
)


def first_words(sql: str) -> str:
    """A statement without the comments before it, on one line and in capitals."""
    while comment := _COMMENT.match(sql):
        sql = sql[comment.end() :]
    return " ".join(sql.upper().split())


def keyword(sql: str) -> str:
    """The first word of a statement, in capitals: `ALTER`."""
    word = _WORD.match(first_words(sql))
    return word[0] if word else ""


def judge_locks(revision: str, statements: Sequence[Statement]) -> Iterator[GateFinding]:
    """Everything that blocks others for longer than it need."""
    yield from _without_timeout(revision, statements)
    yield from _rewrites(revision, statements)
    yield from _held_or_scanning(revision, statements)


def _blocking(statement: Statement) -> list[Lock]:
    return [lock for lock in statement.locks if lock.existed and lock.blocks]


def _without_timeout(revision: str, statements: Sequence[Statement]) -> Iterator[GateFinding]:
    """The first lock that is waited for without limit."""
    for statement in statements:
        if statement.by_alembic or statement.lock_timeout not in _UNLIMITED:
            continue
        locks = _blocking(statement)
        # Outside of a transaction a lock is gone before anybody can look at it.
        alone = statement.transaction is None and _LOCKING.match(first_words(statement.sql))
        if locks or alone:
            taken = f"waits for {_told(locks[0])}" if locks else "runs outside of a transaction"
            yield GateFinding(
                "no-lock-timeout",
                revision,
                locks[0].relation if locks else "",
                f"Statement {statement.number} {taken} without a lock timeout: whoever comes "
                "after it waits as long as it does.",
                "Set it before: op.execute(\"SET lock_timeout = '5s'\"), or SET LOCAL within a "
                "transaction.",
                statement.number,
            )
            return


def _rewrites(revision: str, statements: Sequence[Statement]) -> Iterator[GateFinding]:
    seen: set[str] = set()
    for statement in statements:
        # TRUNCATE begins a new file too; that the rows are gone is said elsewhere.
        if keyword(statement.sql) == "TRUNCATE":
            continue
        for item in statement.rewrites:
            if item.existed and item.relation not in seen:
                seen.add(item.relation)
                yield GateFinding(
                    "rewrite",
                    revision,
                    item.relation,
                    f"Statement {statement.number} rewrites {item}: every row is copied, and "
                    "nobody reads or writes meanwhile.",
                    "Add a new column, fill it in batches, and change over to it; or leave the "
                    "stored form alone.",
                    statement.number,
                )


def _held_or_scanning(revision: str, statements: Sequence[Statement]) -> Iterator[GateFinding]:
    held: dict[str, tuple[Statement, Lock]] = {}
    transaction: int | None = None
    said: set[tuple[str, str]] = set()
    for statement in statements:
        if statement.transaction != transaction:
            held, transaction = {}, statement.transaction
        earlier = dict(held)
        for lock in _blocking(statement):
            held[lock.relation] = (statement, lock)
        if not statement.by_alembic:
            for finding in _judge(revision, statement, earlier, held):
                if (finding.code, finding.subject) not in said:
                    said.add((finding.code, finding.subject))
                    yield finding


def _judge(
    revision: str,
    statement: Statement,
    earlier: dict[str, tuple[Statement, Lock]],
    held: dict[str, tuple[Statement, Lock]],
) -> Iterator[GateFinding]:
    """One statement's work against the locks held before it, and those that it took."""
    worked = {item.relation for item in statement.rows if item.existed}
    rewritten = {item.relation for item in statement.rewrites}
    if not worked:
        return
    for relation, (_, lock) in held.items():
        taken = any(other.relation == relation for other in _blocking(statement))
        defining = keyword(statement.sql) in _DEFINING
        own = taken or (defining and worked <= {relation})
        if relation in earlier and not own:
            yield _lock_held(revision, earlier[relation], statement, worked)
        elif own and relation not in rewritten and (relation in worked or taken):
            yield _lock_scan(revision, lock, statement)


def _lock_held(
    revision: str, taken: tuple[Statement, Lock], statement: Statement, worked: set[str]
) -> GateFinding:
    first, lock = taken
    return GateFinding(
        "lock-held",
        revision,
        lock.relation,
        f"Statement {first.number} takes {_told(lock)} and holds it while statement "
        f"{statement.number} goes through rows of {', '.join(sorted(worked))}.",
        _SEPARATE,
        first.number,
    )


def _lock_scan(revision: str, lock: Lock, statement: Statement) -> GateFinding:
    return GateFinding(
        "lock-scan",
        revision,
        lock.relation,
        f"Statement {statement.number} goes through all rows of {lock} under a lock that "
        f"blocks {lock.blocks} ({lock.mode}).",
        way_out_of_scan(statement.sql, hypertable=lock.chunks > 0),
        statement.number,
    )


#: What is begun, and how it is done without blocking others: on a plain table, on a hypertable.
_WAYS = (
    (
        r"CREATE UNIQUE INDEX",
        "CREATE UNIQUE INDEX CONCURRENTLY, in an op.get_context().autocommit_block().",
        "A unique index on a hypertable has no other way: choose a quiet hour, and accept it.",
    ),
    (
        r"CREATE INDEX",
        "CREATE INDEX CONCURRENTLY, in an op.get_context().autocommit_block().",
        "A hypertable has no CONCURRENTLY: CREATE INDEX ... WITH "
        "(timescaledb.transaction_per_chunk), in an op.get_context().autocommit_block().",
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
)
_QUIET_HOUR = "Choose a quiet hour, with a lock timeout, and accept it with the reason."


def way_out_of_scan(sql: str, *, hypertable: bool) -> str:
    """How the same is done without blocking others, where it can be.

    Source: TimescaleDB documentation, "CREATE INDEX (Transaction per chunk)"; that a hypertable
    reads its chunks even under NOT VALID, and refuses VALIDATE where it is compressed, was seen
    on 2.29.
    """
    words = first_words(sql)
    for pattern, plain, of_hypertable in _WAYS:
        if re.match(pattern, words):
            return of_hypertable if hypertable else plain
    return _QUIET_HOUR


def _told(lock: Lock) -> str:
    return f"a lock on {lock} that blocks {lock.blocks} ({lock.mode})"
