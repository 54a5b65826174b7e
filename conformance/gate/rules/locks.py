"""What the locks and rewrites of an upgrade mean for those who read and write meanwhile. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.gate.evidence.report import GateFinding
from conformance.gate.rules.hints import hint_for_rewrite, hint_for_scan, is_by_chunk
from conformance.gate.rules.sentences import first_words, keyword, shortened

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conformance.gate.evidence.report import Lock, Statement

#: Statements that need the strongest of their locks for their own work.
_DEFINING = frozenset({"ALTER", "CREATE", "DROP", "REINDEX", "TRUNCATE", "CLUSTER", "REFRESH"})
#: Statements that keep others out of a table that was there before, seen from their words. What is
#: done CONCURRENTLY waits as well, but nobody has to wait behind it.
_LOCKING = re.compile(
    r"((ALTER|DROP) (TABLE|INDEX|VIEW|MATERIALIZED|FOREIGN|SCHEMA|TRIGGER)|REINDEX|TRUNCATE|CLUSTER"
    r"|REFRESH|VACUUM (FULL|\(.*FULL)|CREATE (UNIQUE )?INDEX|CREATE (OR REPLACE )?TRIGGER)\b"
    r"(?!.*\bCONCURRENTLY\b)"
)
_UNLIMITED = frozenset({"0", "0ms", ""})
_SLEEPING = re.compile(r".*\bPG_SLEEP(_FOR|_UNTIL)?\b")
#: So long a transaction may wait for the migration before that is told, in seconds. Python and
#: Alembic take milliseconds between two statements; a busy machine may hold them up for longer.
IDLE_SECONDS = 2.0
_FROM_A_QUERY = re.compile(r".*\b(SELECT|TABLE)\b")
#: Rows that are written back into chunks are not counted by the server.
_DECOMPRESSING = re.compile(r".*\b(DECOMPRESS_CHUNK|CONVERT_TO_ROWSTORE)\b")

_SEPARATE = (
    "Do the work in an earlier revision or transaction, and take the lock in the last statement."
)


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
        alone = statement.transaction is None
        for item in statement.rewrites:
            if alone and is_by_chunk(statement.sql, item.chunks):
                continue
            if item.existed and item.relation not in seen:
                seen.add(item.relation)
                yield GateFinding(
                    "rewrite",
                    revision,
                    item.relation,
                    f"Statement {statement.number} rewrites {item}: every row is copied, and "
                    "nobody reads or writes meanwhile.",
                    hint_for_rewrite(statement.sql, hypertable=item.chunks > 0),
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
        found = [] if statement.by_alembic else [*_judge(revision, statement, earlier, held)]
        if idling := _idling(statement, f"statement {statement.number}"):
            found += [_lock_held(revision, taken, idling) for taken in held.values()]
        for finding in found:
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
    worked = _worked(statement)
    doing = _doing(statement, worked)
    rewritten = {item.relation for item in statement.rewrites}
    if not doing:
        return
    for relation, (_, lock) in held.items():
        taken = any(other.relation == relation for other in _blocking(statement))
        defining = keyword(statement.sql) in _DEFINING
        own = taken or (defining and worked <= {relation})
        if relation in earlier and not own:
            yield _lock_held(revision, earlier[relation], f"statement {statement.number} {doing}")
        elif own and relation not in rewritten and (relation in worked or taken):
            yield _lock_scan(revision, lock, statement)


def _worked(statement: Statement) -> set[str]:
    """Tables that were there before and whose rows it went through.

    Rows that the statement itself lists are as many in production as here.
    """
    words = first_words(statement.sql)
    listed = keyword(words) == "INSERT" and not _FROM_A_QUERY.match(words)
    rows = [item for item in statement.rows if item.existed and (item.read or not listed)]
    worked = {item.relation for item in rows}
    if _DECOMPRESSING.match(words):
        worked |= {lock.relation for lock in _blocking(statement) if lock.chunks}
    return worked


def _doing(statement: Statement, worked: set[str]) -> str:
    """What takes its time, for people; empty where nothing does."""
    if worked:
        return f"goes through rows of {', '.join(sorted(worked))}"
    return "sleeps" if _SLEEPING.match(first_words(statement.sql)) else ""


def _idling(statement: Statement, name: str) -> str:
    """What the server waited for after a statement, for people; empty where it hardly waited."""
    if statement.idle_seconds < IDLE_SECONDS:
        return ""
    return f"the migration sends nothing for {statement.idle_seconds:.0f} s after {name}"


def _lock_held(revision: str, taken: tuple[Statement, Lock], meanwhile: str) -> GateFinding:
    first, lock = taken
    return GateFinding(
        "lock-held",
        revision,
        lock.relation,
        f"Statement {first.number} takes {_told(lock)} and holds it while {meanwhile}.",
        _SEPARATE,
        first.number,
    )


def judge_together(traced: Sequence[tuple[str, Statement]]) -> Iterator[GateFinding]:
    """Locks of one revision that are held while a later one works, in one transaction of both.

    Args:
        traced: what all new revisions sent, run in one go, with the revision that sent it.
    """
    held: dict[str, tuple[str, Statement, Lock]] = {}
    transaction: int | None = None
    said: set[tuple[str, str]] = set()
    for revision, statement in traced:
        if statement.transaction != transaction:
            held, transaction = {}, statement.transaction
        worked = _worked(statement)
        doing = _doing(statement, worked)
        idling = _idling(statement, shortened(statement.sql))
        for relation, (owner, first, lock) in held.items():
            needed = worked == {relation} and _takes_all(statement)
            working = f"{shortened(statement.sql)} {doing}" if doing and not needed else ""
            meanwhile = working or idling
            if meanwhile and owner != revision and (revision, relation) not in said:
                said.add((revision, relation))
                yield _lock_held_by(owner, first, lock, revision, meanwhile)
        for lock in _blocking(statement):
            held.setdefault(lock.relation, (revision, statement, lock))


def _takes_all(statement: Statement) -> bool:
    """Whether it takes ACCESS EXCLUSIVE for its own work, held before or not.

    Source: PostgreSQL documentation, "ALTER TABLE": unless noted otherwise; VALIDATE is noted.
    """
    words = first_words(statement.sql)
    return words.startswith("ALTER") and "VALIDATE CONSTRAINT" not in words


def _lock_held_by(
    owner: str, first: Statement, lock: Lock, revision: str, meanwhile: str
) -> GateFinding:
    return GateFinding(
        "lock-held",
        revision,
        lock.relation,
        f"Run in one go, {owner} takes {_told(lock)} with {shortened(first.sql)}, and the same "
        f"transaction holds it while {meanwhile}.",
        f"Deploy {owner} before {revision}, or let each run in a transaction of its own: "
        "transaction_per_migration in env.py, or an autocommit_block().",
    )


def _lock_scan(revision: str, lock: Lock, statement: Statement) -> GateFinding:
    return GateFinding(
        "lock-scan",
        revision,
        lock.relation,
        f"Statement {statement.number} goes through all rows of {lock} under a lock that "
        f"blocks {lock.blocks} ({lock.mode}).",
        hint_for_scan(statement.sql, hypertable=lock.chunks > 0),
        statement.number,
    )


def _told(lock: Lock) -> str:
    return f"a lock on {lock} that blocks {lock.blocks} ({lock.mode})"
