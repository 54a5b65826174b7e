"""Statements that change rows by a condition are named where no generated row meets it."""

from __future__ import annotations

from collections import Counter

import pytest

from conformance.gate.evidence.report import RowWork
from conformance.gate.evidence.state import Column, Contents, State
from conformance.gate.rules.effects import without_effect

from .cases import evidence, statement

WAY = "conformance gate --on rehearses it on a copy of a real database"
UPDATE = "UPDATE t SET a = 1 WHERE b = 'x'"


def state(digest=0, **rows):
    """Tables with a column `a` and as many rows."""
    column = Column("a", "int", not_null=False, computed=False, has_default=False, digest=digest)
    contents = {
        number: Contents(number, name, False, count, {1: column}, ())
        for number, (name, count) in enumerate(rows.items())
    }
    return State({}, Counter(), contents)


BEFORE = state(t=3, Odd=3, empty=0)


def found(*statements, before=BEFORE, after=BEFORE):
    return list(without_effect(evidence(statements=statements, before=before, after=after)))


def read(table, written=0):
    return (RowWork(table, existed=True, read=3, written=written),)


@pytest.mark.parametrize(
    "sql",
    [
        UPDATE,
        "update T set a = 1",
        "UPDATE public.t SET a = 1",
        'UPDATE "public"."t" SET a = 1',
        "UPDATE ONLY t SET a = 1",
        'DELETE FROM "Odd" WHERE a = 1',
        "DELETE FROM t",
        "MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE",
        "WITH old AS (SELECT 1) DELETE FROM t USING old",
        "WITH old AS (SELECT 1)DELETE FROM t USING old",
        "-- why\nUPDATE t\n   SET a = 1",
        "SELECT drop_chunks('t', now() - INTERVAL '1 year')",
        "SELECT drop_chunks( relation => 't', older_than => now())",
        "SELECT drop_chunks(relation := 'public.t', older_than => now())",
        "SELECT count(*) FROM drop_chunks ('t', now())",
        "select DROP_CHUNKS('t', now())",
    ],
)
def test_a_statement_that_finds_no_row_is_named(sql):
    (name, reason), = found(statement(7, sql, rows=read("t")))  # fmt: skip
    assert name == "statement 7"
    said = "the statement finds no generated row, and its effect was not seen"
    assert reason == f"{said}: {' '.join(sql.split())}. {WAY}"


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE empty SET a = 1",
        "UPDATE other SET a = 1",
        "UPDATE desk.t SET a = 1",
        "UPDATE t2 SET a = 1",
        "DELETE FROM empty",
        "SELECT drop_chunks('empty', now())",
        "SELECT a FROM t",
        "INSERT INTO t SELECT * FROM u",
        "SELECT 'UPDATE t SET a = 1'",
        "ALTER TABLE t ADD b int",
        'DELETE FROM "T"',
        "DELETE FROM Odd",
    ],
)
def test_other_statements_are_not(sql):
    assert found(statement(1, sql, rows=read("t"))) == []


def test_nor_are_those_that_change_rows():
    assert found(statement(1, UPDATE, rows=(*read("u"), *read("t", written=1)))) == []
    assert found(statement(1, UPDATE, rows=read("t"), by_alembic=True)) == []
    # Of whole batches that are deleted the server counts no row.
    deleted = state(t=2, Odd=3, empty=0)
    assert found(statement(1, "DELETE FROM t", rows=read("t")), after=deleted) == []
    assert len(found(statement(1, 'DELETE FROM "Odd"', rows=read("Odd")), after=deleted)) == 1


def test_outside_of_a_transaction_the_states_tell():
    alone = statement(1, UPDATE, transaction=None)
    assert len(found(alone)) == 1
    # Of a new column's values only the server's counts tell.
    assert found(statement(1, UPDATE, transaction=None, rows=read("t", written=3))) == []
    assert found(alone, after=state(1, t=3, Odd=3, empty=0)) == []
    # What another table's rows or a longer name say does not count.
    others = {"before": state(t=3, t2=3), "after": state(t=3, t2=4)}
    assert len(found(alone, **others)) == 1
    # In a transaction they may be another statement's.
    assert len(found(statement(1, UPDATE), after=state(1, t=3, Odd=3, empty=0))) == 1


def test_every_statement_is_looked_at():
    statements = [
        statement(number, UPDATE, rows=read("t", written=number % 2)) for number in range(1, 5)
    ]
    assert [name for name, _ in found(*statements)] == ["statement 2", "statement 4"]


def test_an_upgrade_that_failed_says_nothing():
    assert found(statement(1, UPDATE), after=None) == []
