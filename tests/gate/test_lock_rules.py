"""What locks mean, on made-up statements."""

from __future__ import annotations

import pytest

from conformance.gate.lock_rules import judge_locks, keyword, way_out_of_scan
from conformance.gate.report import Lock, RowWork, Statement, Touched

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


def test_a_rewrite_is_said_once():
    rewriting = statement(
        1, "ALTER TABLE a ALTER", locks=(lock("a"),), rows=(rows("a"),),
        rewrites=(Touched("a", existed=True),),
    )  # fmt: skip
    assert codes(rewriting) == [("rewrite", "a")]


def test_truncate_is_no_rewrite():
    emptied = statement(1, "TRUNCATE a", locks=(lock("a"),), rewrites=(Touched("a", existed=True),))
    assert codes(emptied) == []


def test_only_the_first_lock_without_timeout():
    first = statement(1, "ALTER TABLE a ...", locks=(lock("a"),), timeout="0")
    second = statement(2, "ALTER TABLE b ...", locks=(lock("b"),), timeout="0")
    assert codes(first, second) == [("no-lock-timeout", "a")]


@pytest.mark.parametrize(("sql", "found"), [("create index x", 1), ("SELECT 1", 0)])
def test_outside_of_a_transaction_no_lock_is_seen(sql, found):
    assert len(codes(statement(1, sql, transaction=None, timeout="0"))) == found


def test_what_env_py_sends_is_not_judged():
    asked = statement(1, "LOCK a", locks=(lock("a"),), timeout="0", by_alembic=True)
    assert codes(asked) == []


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


def test_an_index_of_a_hypertable_has_no_concurrently():
    sql = "create index i on t (a)"
    assert "CREATE INDEX CONCURRENTLY" in way_out_of_scan(sql, hypertable=False)
    assert "transaction_per_chunk" in way_out_of_scan(sql, hypertable=True)


def test_a_unique_index_of_a_hypertable_has_no_other_way():
    sql = "create unique index i on t (a)"
    assert "CONCURRENTLY" in way_out_of_scan(sql, hypertable=False)
    assert "transaction_per_chunk" not in way_out_of_scan(sql, hypertable=True)


def test_not_valid_helps_plain_tables_only():
    sql = "ALTER TABLE t\n ADD CONSTRAINT c CHECK (a > 0)"
    assert "VALIDATE" in way_out_of_scan(sql, hypertable=False)
    assert "VALIDATE" not in way_out_of_scan(sql, hypertable=True)
