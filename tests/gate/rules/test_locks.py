"""What locks mean, on made-up statements."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.gate.evidence.evidence import Evidence
from conformance.gate.evidence.report import (
    AffectedTable,
    Lock,
    LockEntries,
    RowWork,
    Statement,
)
from conformance.gate.evidence.state import Column, Contents, State
from conformance.gate.revisions.new import Revision
from conformance.gate.rules.locks import judge_locks, judge_together, judge_zones
from conformance.gate.rules.sentences import keyword

ALL = "ACCESS EXCLUSIVE"


def lock(table, mode=ALL, *, existed=True, chunks=0):
    return Lock(table, existed, True, chunks, mode)


def rows(table, *, existed=True):
    return RowWork(table, existed, True, 0, 3, 0)


def statement(number, sql, *, transaction=1, timeout="5s", **more):
    return Statement(number, sql, 0.1, transaction, lock_timeout=timeout, **more)


def codes(*statements):
    return [(finding.code, finding.subject) for finding in judge_locks("2", statements)]


@pytest.mark.parametrize("mode", ["SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", ALL])
def test_a_blocking_lock_held_during_other_work(mode):
    taken = statement(1, "ALTER TABLE a ...", locks=(lock("a", mode),))
    assert codes(taken, statement(2, "UPDATE b ...", rows=(rows("b"),))) == [("lock-held", "a")]


@pytest.mark.parametrize("mode", ["ACCESS SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE"])
def test_a_lock_that_blocks_nobody(mode):
    taken = statement(1, "ALTER TABLE a ...", locks=(lock("a", mode),), timeout="0")
    assert codes(taken, statement(2, "UPDATE b ...", rows=(rows("b"),))) == []


def test_a_lock_on_what_the_revision_made():
    taken = statement(1, "CREATE TABLE a ...", locks=(lock("a", existed=False),), timeout="0")
    assert codes(taken, statement(2, "UPDATE b ...", rows=(rows("b"),))) == []


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE a ADD b int",
        "ALTER SEQUENCE a_id_seq RESTART",
        "CREATE POLICY p ON a",
        "DROP POLICY p ON a",
        "CREATE OR REPLACE RULE r AS ON DELETE TO a DO INSTEAD NOTHING",
        "CREATE CONSTRAINT TRIGGER t AFTER INSERT ON a FOR EACH ROW EXECUTE FUNCTION f()",
    ],
)
def test_a_lock_outside_of_a_transaction_by_the_words_of_the_statement(sql):
    assert codes(statement(1, sql, transaction=None, timeout="0")) == [("no-lock-timeout", "")]
    assert codes(statement(1, sql, transaction=None)) == []


def test_work_on_what_the_revision_made():
    taken = statement(1, "ALTER TABLE a ...", locks=(lock("a"),))
    assert codes(taken, statement(2, "INSERT INTO b ...", rows=(rows("b", existed=False),))) == []


def test_the_locks_of_a_transaction_end_with_it():
    taken = statement(1, "ALTER TABLE a ...", locks=(lock("a"),))
    after = statement(2, "UPDATE b ...", rows=(rows("b"),), transaction=2)
    assert codes(taken, after) == []


def test_a_definition_that_reads_its_own_table():
    taken = statement(1, "ALTER TABLE a ADD COLUMN", locks=(lock("a"),))
    check = statement(2, "ALTER TABLE a ADD CHECK", rows=(rows("a"),))
    assert codes(taken, check) == [("lock-scan", "a")]


def test_a_definition_that_reads_another_table():
    taken = statement(1, "ALTER TABLE a ADD COLUMN", locks=(lock("a"),))
    other = statement(2, "CREATE INDEX i ON b", locks=(lock("b", "SHARE"),), rows=(rows("b"),))
    assert codes(taken, other) == [("lock-held", "a"), ("lock-scan", "b")]


def test_a_definition_that_reads_only_another_table():
    """A foreign key reads the rows that refer, under a lock on both tables."""
    locks = lock("a", "SHARE ROW EXCLUSIVE"), lock("b", "SHARE ROW EXCLUSIVE")
    key = statement(1, "ALTER TABLE a ADD FOREIGN KEY", locks=locks, rows=(rows("a"),))
    found = {item.subject: item.message for item in judge_locks("2", [key])}
    assert found["a"].startswith("Statement 1 processes all rows of a under a SHARE")
    assert found["b"].startswith("Statement 1 ")
    assert "of b under" not in found["b"]
    assert "SHARE ROW EXCLUSIVE" in found["b"]


def test_a_rewrite_is_said_once():
    rewriting = statement(
        1, "ALTER TABLE a ALTER", locks=(lock("a"),), rows=(rows("a"),),
        rewrites=(AffectedTable("a", existed=True),),
    )  # fmt: skip
    assert codes(rewriting) == [("rewrite", "a")]


BLOCK = "DO $$ BEGIN FOR c IN ... LOOP PERFORM compress_chunk(c); COMMIT; END LOOP; END $$"


@pytest.mark.parametrize(
    ("sql", "chunks", "transaction", "found"),
    [
        ("SELECT compress_chunk('c')", 1, None, 0),
        ("SELECT compress_chunk('c')", 1, 1, 1),
        ("SELECT compress_chunk(c) FROM show_chunks('a') c", 3, None, 1),
        (BLOCK, 3, None, 0),
    ],
)
def test_chunk_by_chunk_is_no_rewrite_of_the_table(sql, chunks, transaction, found):
    moved = AffectedTable("a", existed=True, itself=False, chunks=chunks)
    assert len(codes(statement(1, sql, rewrites=(moved,), transaction=transaction))) == found


@pytest.mark.parametrize(
    ("sql", "copied", "found"),
    [
        ("TRUNCATE a", (), []),
        ("DO $$ BEGIN EXECUTE 'truncate a'; END $$", (), []),
        ("DO $$ BEGIN TRUNCATE b; ALTER TABLE a SET LOGGED; END $$", (rows("a"),), ["rewrite"]),
        ("ALTER TABLE a SET LOGGED -- no TRUNCATE", (), ["rewrite"]),
    ],
)
def test_truncate_is_no_rewrite(sql, copied, found):
    new_file = (AffectedTable("a", existed=True),)
    emptied = statement(1, sql, locks=(lock("a"),), rewrites=new_file, rows=copied)
    assert [code for code, _ in codes(emptied) if code == "rewrite"] == found


def test_a_rewrite_beside_that_of_a_chunk():
    files = (AffectedTable("a", True, False, 1), AffectedTable("b", existed=True))
    moved = statement(1, "CALL convert_to_columnstore('c')", transaction=None, rewrites=files)
    assert [found for found in codes(moved) if found[0] == "rewrite"] == [("rewrite", "b")]


def test_a_rewrite_beside_a_truncate():
    sql = "DO $$ BEGIN TRUNCATE a; ALTER TABLE b SET LOGGED; END $$"
    files = tuple(AffectedTable(name, existed=True) for name in "ab")
    rewritten = statement(1, sql, rewrites=files, rows=(rows("b"),))
    assert codes(rewritten) == [("rewrite", "b")]


def test_the_lock_of_a_continuous_aggregate_has_its_name():
    parts = [lock("_timescaledb_internal._direct_view_7"), lock("daily"), lock("readings")]
    dropped = statement(1, "DROP MATERIALIZED VIEW daily", locks=tuple(parts), timeout="0")
    assert codes(dropped) == [("no-lock-timeout", "daily")]
    internal = statement(1, "DROP TABLE x", locks=(parts[0],), timeout="0")
    assert codes(internal) == [("no-lock-timeout", parts[0].relation)]


def test_only_the_first_lock_without_timeout():
    first = statement(1, "ALTER TABLE a ...", locks=(lock("a"),), timeout="0")
    second = statement(2, "ALTER TABLE b ...", locks=(lock("b"),), timeout="0")
    assert codes(first, second) == [("no-lock-timeout", "a")]


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("create index x", 1),
        ("VACUUM (ANALYZE, FULL) a", 1),
        ("DROP INDEX i", 1),
        ("SELECT 1", 0),
        # They wait for others, but nobody has to wait behind them.
        ("CREATE INDEX CONCURRENTLY i ON a (b)", 0),
        ("DROP INDEX CONCURRENTLY IF EXISTS i", 0),
        ("REINDEX TABLE CONCURRENTLY a", 0),
        ("VACUUM a", 0),
        # It locks no table.
        ("ALTER TYPE mood ADD VALUE 'fine'", 0),
    ],
)
def test_outside_of_a_transaction_no_lock_is_seen(sql, found):
    assert len(codes(statement(1, sql, transaction=None, timeout="0"))) == found


def test_what_env_py_sends_is_not_judged():
    asked = statement(1, "LOCK a", locks=(lock("a"),), timeout="0", by_alembic=True)
    assert codes(asked) == []
    taken = statement(1, "ALTER TABLE a ...", locks=(lock("a"),))
    stamped = statement(2, "UPDATE b ...", rows=(rows("b"),), by_alembic=True)
    assert codes(taken, stamped) == []


@pytest.mark.parametrize(
    ("sql", "word"),
    [
        ("alter table", "ALTER"),
        ("-- why\n/* and\nhow */ Select 1", "SELECT"),
        ("", ""),
        ("(SELECT 1)", ""),
    ],
)
def test_keyword(sql, word):
    assert keyword(sql) == word


@pytest.mark.parametrize(
    ("sql", "read", "found"),
    [
        ("INSERT INTO b (c) VALUES (1), (2)", 0, []),
        ("INSERT INTO b (c) SELECT d FROM e", 0, [("lock-held", "a")]),
        ("INSERT INTO b TABLE e", 0, [("lock-held", "a")]),
        # A trigger may look far.
        ("INSERT INTO b (c) VALUES (1)", 9, [("lock-held", "a")]),
        ("UPDATE b SET c = 1", 0, [("lock-held", "a")]),
    ],
)
def test_rows_that_the_migration_lists_are_no_work(sql, read, found):
    taken = statement(1, "ALTER TABLE a ...", locks=(lock("a"),))
    work = RowWork("b", existed=True, itself=True, chunks=0, read=read, written=2)
    assert codes(taken, statement(2, sql, rows=(work,))) == found


def test_a_lock_held_while_the_server_sleeps():
    taken = statement(1, "ALTER TABLE a ...", locks=(lock("a"),))
    assert codes(taken, statement(2, "SELECT pg_sleep(1)")) == [("lock-held", "a")]


@pytest.mark.parametrize(
    ("sql", "locked", "found"),
    [
        ("ROLLBACK TO SAVEPOINT s", "", []),
        ("/* back */ rollback work to s", "b", []),
        # It was locked before the savepoint as well.
        ("ROLLBACK TO s", "a", [("lock-held", "a")]),
        ("RELEASE SAVEPOINT s", "", [("lock-held", "a")]),
    ],
)
def test_a_return_to_a_savepoint_releases_locks(sql, locked, found):
    taken = statement(1, "ALTER TABLE a ...", locks=(lock("a"),))
    back = statement(2, sql, entries=tuple(LockEntries(name, 1) for name in locked))
    work = statement(3, "UPDATE b ...", rows=(rows("b"),))
    assert codes(taken, back, work) == found
    assert together(("2", taken), ("2", back), ("3", work)) == [("3", name) for _, name in found]


HELD = [("lock-held", "a")]


@pytest.mark.parametrize(("seconds", "found"), [(12.0, HELD), (2.0, HELD), (1.99, []), (0.3, [])])
def test_a_lock_held_while_the_migration_sends_nothing(seconds, found):
    taken = statement(1, "ALTER TABLE a ...", locks=(lock("a"),))
    assert codes(replace(taken, idle_seconds=seconds)) == found
    later = statement(2, "SELECT 1", idle_seconds=seconds)
    assert codes(taken, later) == found
    assert codes(replace(later, number=1), replace(taken, number=2)) == []
    assert codes(taken, replace(later, transaction=2)) == []


def test_chunks_that_are_decompressed_are_gone_through():
    decompressed = statement(1, "SELECT decompress_chunk('c')", locks=(lock("a", chunks=2),))
    assert codes(decompressed) == [("lock-scan", "a")]


def test_chunks_are_gone_through_beside_other_rows():
    decompressed = statement(
        2, "SELECT decompress_chunk(c) FROM b", locks=(lock("a", chunks=2),), rows=(rows("b"),)
    )
    (finding, _) = judge_locks(
        "2", [statement(1, "DROP TABLE c", locks=(lock("c"),)), decompressed]
    )
    assert finding.message.endswith(" rows of a, b.")


def together(*statements):
    return [(item.revision, item.subject) for item in judge_together(statements)]


def test_a_lock_of_an_earlier_revision_held_during_the_next():
    taken = statement(1, "ALTER TABLE a ...", locks=(lock("a"),))
    work = statement(2, "UPDATE b ...", rows=(rows("b"),))
    assert together(("2", taken), ("3", work), ("4", work)) == [("3", "a"), ("4", "a")]
    assert together(("2", work), ("3", taken)) == []
    assert together(("2", taken), ("2", work)) == []
    idle = statement(2, "SELECT 1", idle_seconds=12.0)
    assert together(("2", taken), ("3", idle)) == [("3", "a")]
    assert together(("2", idle), ("3", taken)) == []


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        # It would take the same lock by itself.
        ("ALTER TABLE a ADD CHECK (b > 0)", []),
        ("ALTER TABLE a VALIDATE CONSTRAINT c", [("3", "a")]),
        ("CREATE INDEX i ON a (b)", [("3", "a")]),
    ],
)
def test_a_later_revision_that_works_on_the_same_table(sql, found):
    taken = statement(1, "ALTER TABLE a ...", locks=(lock("a"),))
    assert together(("2", taken), ("3", statement(2, sql, rows=(rows("a"),)))) == found


def test_revisions_in_transactions_of_their_own():
    taken = statement(1, "ALTER TABLE a ...", locks=(lock("a"),))
    work = statement(2, "UPDATE b ...", rows=(rows("b"),), transaction=2)
    assert together(("2", taken), ("3", work)) == []


def _of_type(kind):
    """The state of a table with one column."""
    column = Column("a", kind, not_null=True, computed=False, has_default=False, digest=1)
    return State(
        {},
        Counter(),
        {7: Contents(7, "t", compressed=False, rows=1, columns={1: column}, key=(1,))},
    )


@pytest.mark.parametrize(
    ("old", "new", "sql", "found"),
    [
        ("timestamp without time zone", "timestamp with time zone", "ALTER TABLE t", 1),
        ("timestamp(3) with time zone", "timestamp(3) without time zone", "ALTER TABLE t", 1),
        ("timestamp without time zone", "date", "ALTER TABLE t", 0),
        ("timestamp without time zone", "timestamp(3) without time zone", "ALTER TABLE t", 0),
        ("timestamp without time zone", "timestamp with time zone", "set local time zone 'UTC'", 0),
        ("timestamp without time zone", "timestamp with time zone", "SET TimeZone TO 'UTC'", 0),
    ],
)
def test_a_type_that_is_changed_in_the_time_zone_of_the_session(old, new, sql, found):
    revision = Revision("2", (), "", Path(), "", {})
    evidence = Evidence(revision, _of_type(old), (statement(1, sql),), after=_of_type(new))
    assert [item.code for item in judge_zones(evidence)] == ["rewrite"] * found
    whole = AffectedTable("t", existed=True)
    seen = replace(evidence, statements=(statement(1, sql, rewrites=(whole,)),))
    assert list(judge_zones(seen)) == []


def test_what_the_time_zone_of_the_session_does():
    """Also behind a table that is gone and one that is rewritten."""
    old, new = (
        {
            number: Contents(
                number, f"t{number}", compressed=False, rows=1, columns={1: column}, key=(1,)
            )
            for number in range(3)
            for column in [
                Column("a", kind, not_null=True, computed=False, has_default=False, digest=1)
            ]
        }
        for kind in ("timestamp without time zone", "timestamp with time zone")
    )
    del new[0]
    rewriting = statement(1, "ALTER TABLE t", rewrites=(AffectedTable("t1", existed=True),))
    revision = Revision("2", (), "", Path(), "", {})
    states = [State({}, Counter(), tables) for tables in (old, new)]
    (found,) = judge_zones(Evidence(revision, states[0], (rewriting,), after=states[1]))
    assert (found.subject, found.severity) == ("t2", "warning")
    assert found.message == (
        "t2.a becomes timestamp with time zone in the time zone of the session, which is UTC here. "
        "In another time zone PostgreSQL rewrites the table, which blocks reads and writes "
        "meanwhile, and the values mean other moments."
    )
