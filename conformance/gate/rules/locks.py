"""Judge the locks and rewrites of an upgrade by what they block in other sessions. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from conformance.comparing.codes import WARNING
from conformance.gate.evidence.report import GateFinding
from conformance.gate.rules.hints import hint_for_rewrite, hint_for_scan, is_by_chunk
from conformance.gate.rules.sentences import first_words, keyword, shortened

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conformance.gate.evidence.evidence import Evidence
    from conformance.gate.evidence.report import Lock, Statement

#: What is known of a lock that is held.
_Taken = TypeVar("_Taken")

#: Statements that need their strongest lock for their own work.
_DEFINING = frozenset({"ALTER", "CREATE", "DROP", "REINDEX", "TRUNCATE", "CLUSTER", "REFRESH"})
#: The text of statements that take a blocking lock on an existing table. CONCURRENTLY waits for
#: locks as well, but no session queues behind it.
_LOCKING = re.compile(
    r"((ALTER|DROP) (TABLE|INDEX|VIEW|MATERIALIZED|FOREIGN|SCHEMA|SEQUENCE|TRIGGER|POLICY|RULE)"
    r"|REINDEX|TRUNCATE|CLUSTER|REFRESH|VACUUM (FULL|\(.*FULL)|CREATE (UNIQUE )?INDEX"
    r"|CREATE (OR REPLACE )?((CONSTRAINT )?TRIGGER|RULE)|CREATE POLICY)\b"
    r"(?!.*\bCONCURRENTLY\b)"
)
#: Back to a savepoint: releases the locks that were acquired since.
_RETURNING = re.compile(r"ROLLBACK( WORK| TRANSACTION)? TO\b")
_UNLIMITED = frozenset({"0", "0ms", ""})
_SLEEPING = re.compile(r".*\bPG_SLEEP(_FOR|_UNTIL)?\b")
#: Idle seconds of a transaction from which a held lock is reported. Python and Alembic take
#: milliseconds between two statements, but longer on a busy machine.
IDLE_SECONDS = 2.0
_FROM_A_QUERY = re.compile(r".*\b(SELECT|TABLE)\b")
#: The server does not count the rows that decompression writes back into chunks.
_DECOMPRESSING = re.compile(r".*\b(DECOMPRESS_CHUNK|CONVERT_TO_ROWSTORE)\b")

_TRUNCATING = re.compile(r"(DO\b.*\b)?TRUNCATE\b")
_MOMENTS = {"timestamp without time zone", "timestamp with time zone"}
_SETS_ZONE = re.compile(r"\bSET (LOCAL |SESSION )?TIME ?ZONE\b|\bSET_CONFIG\('TIMEZONE'")
_ZONE = (
    "Say which zone the values are in: SET LOCAL timezone = 'UTC' before the statement; or, for "
    "another zone and with a rewrite, USING ... AT TIME ZONE."
)
_SEPARATE = (
    "Do the other work in an earlier revision or transaction, and acquire the lock in the last "
    "statement."
)


def judge_locks(revision: str, statements: Sequence[Statement]) -> Iterator[GateFinding]:
    """Find everything that blocks other sessions for longer than necessary."""
    yield from _without_timeout(revision, statements)
    yield from _rewrites(revision, statements)
    yield from _held_or_scanning(revision, statements)


def _blocking(statement: Statement) -> list[Lock]:
    return [lock for lock in statement.locks if lock.existed and lock.blocks]


def _without_timeout(revision: str, statements: Sequence[Statement]) -> Iterator[GateFinding]:
    """Find the first blocking lock that is requested without a timeout."""
    for statement in statements:
        if statement.by_alembic or statement.lock_timeout not in _UNLIMITED:
            continue
        locks = _blocking(statement)
        # Outside of a transaction a lock is released before it can be read.
        alone = statement.transaction is None and _LOCKING.match(first_words(statement.sql))
        if locks or alone:
            action = "runs outside of a transaction"
            relation = ""
            if locks:
                # The parts of a continuous aggregate come first, and nobody knows their names.
                lock = next((lock for lock in locks if not _is_internal(lock)), locks[0])
                relation, action = lock.relation, f"requests {_describe_lock(lock)},"
            yield GateFinding(
                "no-lock-timeout",
                revision,
                relation,
                f"Statement {statement.number} {action} without a lock timeout: while it waits, "
                "all later sessions wait behind it.",
                "Set a timeout first: op.execute(\"SET lock_timeout = '5s'\"), or SET LOCAL in a "
                "transaction.",
                statement.number,
            )
            return


def _still_held(held: dict[str, _Taken], statement: Statement) -> dict[str, _Taken]:
    """The locks by relation, without those that a return to a savepoint has released."""
    if not _RETURNING.match(first_words(statement.sql)):
        return held
    locked = {item.relation for item in statement.entries}
    return {relation: taken for relation, taken in held.items() if relation in locked}


def _is_internal(lock: Lock) -> bool:
    return lock.relation.startswith("_timescaledb_internal.")


def _rewrites(revision: str, statements: Sequence[Statement]) -> Iterator[GateFinding]:
    seen: set[str] = set()
    for statement in statements:
        # TRUNCATE creates a new file too; another rule reports the deleted rows.
        truncates = _TRUNCATING.match(first_words(statement.sql)) is not None
        copied = {work.relation for work in statement.rows}
        alone = statement.transaction is None
        for item in statement.rewrites:
            if alone and is_by_chunk(statement.sql, item.chunks):
                continue
            if truncates and item.relation not in copied:
                continue
            if item.existed and item.relation not in seen:
                seen.add(item.relation)
                yield GateFinding(
                    "rewrite",
                    revision,
                    item.relation,
                    f"Statement {statement.number} rewrites {item}: it copies every row and blocks "
                    "reads and writes meanwhile.",
                    hint_for_rewrite(statement.sql, hypertable=item.chunks > 0),
                    statement.number,
                )


def judge_zones(evidence: Evidence) -> Iterator[GateFinding]:
    """Find columns whose change of type depends on the time zone of the session.

    Source: PostgreSQL, `ATColumnChangeRequiresRewrite`: between timestamp and timestamptz only UTC
    spares the rewrite.
    """
    words = [first_words(statement.sql) for statement in evidence.statements]
    if evidence.after is None or any(_SETS_ZONE.search(text) for text in words):
        return
    rewritten = {item.relation for each in evidence.statements for item in each.rewrites}
    for oid, earlier in evidence.before.contents.items():
        later = evidence.after.contents.get(oid)
        if later is None or {earlier.name, later.name} & rewritten:
            continue
        for number, column in earlier.columns.items():
            now = later.columns.get(number)
            if now is not None and {_bare(column.type), _bare(now.type)} == _MOMENTS:
                yield GateFinding(
                    "rewrite",
                    evidence.revision.identifier,
                    later.name,
                    f"{later.name}.{now.name} becomes {now.type} in the time zone of the session, "
                    "which is UTC here. In another time zone PostgreSQL rewrites the table, which "
                    "blocks reads and writes meanwhile, and the values mean other moments.",
                    _ZONE,
                    severity=WARNING,
                )


def _bare(kind: str) -> str:
    """A type without its precision."""
    return re.sub(r"\(\d+\)", "", kind)


def _held_or_scanning(revision: str, statements: Sequence[Statement]) -> Iterator[GateFinding]:
    held: dict[str, tuple[Statement, Lock]] = {}
    transaction: int | None = None
    reported: set[tuple[str, str]] = set()
    for statement in statements:
        if statement.transaction != transaction:
            held, transaction = {}, statement.transaction
        held = _still_held(held, statement)
        earlier = dict(held)
        for lock in _blocking(statement):
            held[lock.relation] = (statement, lock)
        found: list[GateFinding] = []
        if not statement.by_alembic:
            found += _judge_statement(revision, statement, earlier, held)
        if idling := _describe_idling(statement, f"statement {statement.number}"):
            found += [_lock_held(revision, taken, idling) for taken in held.values()]
        for finding in found:
            if (finding.code, finding.subject) not in reported:
                reported.add((finding.code, finding.subject))
                yield finding


def _judge_statement(
    revision: str,
    statement: Statement,
    earlier: dict[str, tuple[Statement, Lock]],
    held: dict[str, tuple[Statement, Lock]],
) -> Iterator[GateFinding]:
    """Judge one statement's work under the locks held before it and those that it acquired."""
    processed = _processed_tables(statement)
    work = _describe_work(statement, processed)
    rewritten = {item.relation for item in statement.rewrites}
    if not work:
        return
    for relation, (_, lock) in held.items():
        taken = any(other.relation == relation for other in _blocking(statement))
        defining = keyword(statement.sql) in _DEFINING
        own = taken or (defining and processed <= {relation})
        if relation in earlier and not own:
            yield _lock_held(revision, earlier[relation], f"statement {statement.number} {work}")
        elif own and relation not in rewritten and (relation in processed or taken):
            yield _lock_scan(revision, lock, statement, "" if relation in processed else work)


def _processed_tables(statement: Statement) -> set[str]:
    """The existing tables whose rows the statement read or wrote.

    Rows listed in the statement itself do not count: production has no more of them.
    """
    words = first_words(statement.sql)
    listed = keyword(words) == "INSERT" and not _FROM_A_QUERY.match(words)
    rows = [item for item in statement.rows if item.existed and (item.read or not listed)]
    processed = {item.relation for item in rows}
    if _DECOMPRESSING.match(words):
        processed |= {lock.relation for lock in _blocking(statement) if lock.chunks}
    return processed


def _describe_work(statement: Statement, processed: set[str]) -> str:
    """What takes time in the statement; empty if nothing does."""
    if processed:
        return f"processes rows of {', '.join(sorted(processed))}"
    return "sleeps" if _SLEEPING.match(first_words(statement.sql)) else ""


def _describe_idling(statement: Statement, name: str) -> str:
    """How long the migration sent nothing after the statement; empty if only briefly."""
    if statement.idle_seconds < IDLE_SECONDS:
        return ""
    return f"the migration sends nothing for {statement.idle_seconds:.0f} s after {name}"


def _lock_held(revision: str, taken: tuple[Statement, Lock], meanwhile: str) -> GateFinding:
    first, lock = taken
    return GateFinding(
        "lock-held",
        revision,
        lock.relation,
        f"Statement {first.number} takes {_describe_lock(lock)}, and holds the lock while "
        f"{meanwhile}.",
        _SEPARATE,
        first.number,
    )


def judge_together(traced: Sequence[tuple[str, Statement]]) -> Iterator[GateFinding]:
    """Find locks of one revision that are held while a later one works in the same transaction.

    Args:
        traced: the statements of all new revisions in one upgrade, each with its revision.
    """
    held: dict[str, tuple[str, Statement, Lock]] = {}
    transaction: int | None = None
    reported: set[tuple[str, str]] = set()
    for revision, statement in traced:
        if statement.transaction != transaction:
            held, transaction = {}, statement.transaction
        held = _still_held(held, statement)
        processed = _processed_tables(statement)
        work = _describe_work(statement, processed)
        idling = _describe_idling(statement, shortened(statement.sql))
        for relation, (owner, first, lock) in held.items():
            needed = processed == {relation} and _needs_access_exclusive(statement)
            working = f"{shortened(statement.sql)} {work}" if work and not needed else ""
            meanwhile = working or idling
            if meanwhile and owner != revision and (revision, relation) not in reported:
                reported.add((revision, relation))
                yield _lock_held_by(owner, first, lock, revision, meanwhile)
        for lock in _blocking(statement):
            held.setdefault(lock.relation, (revision, statement, lock))


def _needs_access_exclusive(statement: Statement) -> bool:
    """Whether the statement needs ACCESS EXCLUSIVE for its own work, already held or not.

    Source: PostgreSQL documentation, "ALTER TABLE": all forms except those noted, of which
    VALIDATE CONSTRAINT is one.
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
        f"Revision {owner} takes {_describe_lock(lock)}, with {shortened(first.sql)}. "
        f"If {revision} runs in the same upgrade, the transaction holds the lock while "
        f"{meanwhile}.",
        f"Deploy {owner} before {revision}, or run each revision in its own transaction: "
        "transaction_per_migration in env.py, or an autocommit_block().",
    )


def _lock_scan(revision: str, lock: Lock, statement: Statement, other_work: str) -> GateFinding:
    """A statement's work under its own lock; `other_work` is about other tables."""
    done = (
        f"{other_work} under {_describe_lock(lock)}"
        if other_work
        else f"processes all rows of {lock} under {_mode(lock)}, which blocks {lock.blocks}"
    )
    return GateFinding(
        "lock-scan",
        revision,
        lock.relation,
        f"Statement {statement.number} {done}.",
        hint_for_scan(statement.sql, hypertable=lock.chunks > 0),
        statement.number,
    )


def _describe_lock(lock: Lock) -> str:
    return f"{_mode(lock)} on {lock}, which blocks {lock.blocks}"


def _mode(lock: Lock) -> str:
    article = "an" if lock.mode.startswith(("A", "E")) else "a"
    return f"{article} {lock.mode} lock"
