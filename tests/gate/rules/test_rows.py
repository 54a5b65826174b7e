"""What is said of rows that were there, on made-up states."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from conformance.comparing.facts import FactKey
from conformance.gate.evidence.evidence import Evidence
from conformance.gate.evidence.report import Lock, RowWork, Statement
from conformance.gate.evidence.state import Column, Contents, State
from conformance.gate.revisions.new import Revision
from conformance.gate.rules.rows import judge_rows
from conformance.intervals import Interval

REVISION = Revision("2", (), "", Path("2.py"), "2.py", {})
AGE = FactKey("policy", "t", "retention", "drop_after")


def state(rows=3, **facts):
    return State(facts.get("facts", {}), Counter(), {7: Contents(7, "t", False, rows, {}, ())})


def subjects(before, after):
    return [
        (item.code, item.subject) for item in judge_rows(Evidence(REVISION, before, after=after))
    ]


@pytest.mark.parametrize(
    ("rows", "code"), [(2, "data-lost"), (0, "data-lost"), (4, "data-changed")]
)
def test_fewer_rows_are_lost_and_more_are_others(rows, code):
    assert subjects(state(), state(rows)) == [(code, "t")]


def days(number):
    return {AGE: Interval.parse(f"{number} days")}


@pytest.mark.parametrize(
    ("earlier", "later", "found"),
    [
        ({}, days(30), True),
        (days(60), days(30), True),
        (days(30), days(30), False),
        (days(30), days(60), False),
        (days(30), {}, False),
        ({AGE: 500}, {AGE: 400}, True),
        ({AGE: 400}, {AGE: 500}, False),
        ({AGE: 400}, {AGE: 400}, False),
    ],
)
def test_a_retention_that_drops_more(earlier, later, found):
    expected = [("data-lost", "t.retention")] if found else []
    assert subjects(state(facts=earlier), state(facts=later)) == expected


def tables(*names, rows=3):
    """A state of several tables; what is called `empty` has no rows."""
    contents = {
        number: Contents(number, name, False, 0 if name == "empty" else rows, {}, ())
        for number, name in enumerate(names)
    }
    return State({}, Counter(), contents)


def test_every_table_is_looked_at():
    before = tables("empty", "a", "b", "c")
    assert subjects(before, tables()) == [("data-lost", name) for name in "abc"]


def test_every_column_is_looked_at():
    columns = {
        number: Column(name, "integer", not_null=False, computed=False, has_default=False, digest=0)
        for number, name in enumerate("xyz")
    }
    before = State({}, Counter(), {7: Contents(7, "t", False, 3, columns, ())})
    after = State({}, Counter(), {7: Contents(7, "t", False, 3, {1: columns[1]}, ())})
    assert subjects(before, after) == [("data-lost", "t.x"), ("data-lost", "t.z")]


def test_every_fact_is_looked_at():
    """Whatever the policies before it are, or are about."""
    policies = [
        FactKey("policy", "t", "retention", "schedule_interval"),
        AGE._replace(table="u"),
        AGE._replace(name="compression"),
        AGE,
    ]
    facts = {key: Interval.parse("30 days") for key in policies}
    assert subjects(state(), state(facts=facts)) == [("data-lost", "t.retention")]


@pytest.mark.parametrize("table", ["t", "desk.t"])
def test_the_statement_that_wrote_them_is_named(table):
    read, other, written = (
        Statement(number, "", 0.1, 1, rows=(RowWork(name, True, True, 0, 3, count),))
        for number, (name, count) in enumerate([(table, 0), (f"{table}s", 2), (table, 2)])
    )
    for rows, code in ((4, "data-changed"), (2, "data-lost")):
        evidence = Evidence(
            REVISION, tables(table), (read, other, written), after=tables(table, rows=rows)
        )
        (finding,) = judge_rows(evidence)
        assert (finding.code, finding.statement) == (code, 2)


def test_a_table_that_is_gone_was_not_written():
    """The statement that dropped it wrote none of its rows."""
    written = Statement(1, "", 0.1, 1, rows=(RowWork("t", True, True, 0, 3, 2),))
    (finding,) = judge_rows(Evidence(REVISION, tables("t"), (written,), after=tables()))
    assert finding.statement is None


def test_an_empty_table_loses_nothing():
    assert subjects(state(0), state(0, facts=days(30))) == []


@pytest.mark.parametrize("table", ["parts", "parts_of_others", "PARTS"])
def test_a_partition_that_is_detached_outside_of_a_transaction(table):
    """CONCURRENTLY needs that, and the locks of the statement are gone at its end."""
    statement = Statement(1, f"ALTER TABLE {table} DETACH PARTITION p CONCURRENTLY", 0.1, None)
    for name in ("parts", "of_s.parts"):
        evidence = Evidence(REVISION, tables(name), (statement,), after=tables(name, rows=2))
        (finding,) = judge_rows(evidence)
        assert finding.code == ("data-lost" if table == "parts_of_others" else "data-changed")


@pytest.mark.parametrize(
    ("sql", "locked", "written", "code"),
    [
        ("DO $$ BEGIN CALL detach_chunk('c'); END $$", "t", 0, "data-changed"),
        ("CALL detach_chunk('c'); DELETE FROM t", "t", 1, "data-lost"),
        ("CALL detach_chunk('c')", "u", 0, "data-lost"),
        ("-- detach_chunk(c)\nDELETE FROM t", "t", 0, "data-lost"),
        ("ALTER TABLE t DETACH PARTITION c", "t", 0, "data-changed"),
        ("ALTER TABLE t DETACH PARTITION c", "u", 0, "data-lost"),
    ],
)
def test_rows_of_a_detached_chunk_are_not_deleted(sql, locked, written, code):
    statement = Statement(
        1, sql, 0.1, 1, locks=(Lock(locked, True),),
        rows=(RowWork("t", True, True, 0, 3, written),) if written else (),
    )  # fmt: skip
    (finding,) = judge_rows(Evidence(REVISION, state(), (statement,), after=state(2)))
    assert (finding.code, finding.subject) == (code, "t")
    if code == "data-changed":
        part = "partition" if "PARTITION" in sql else "chunk"
        assert finding.message == f"1 of 3 rows of t leave it with a detached {part}."
        assert finding.statement == 1
        assert finding.hint == (
            f"The {part} becomes a table of its own with its rows. If that is intended, accept the "
            "finding with the reason."
        )


def removed(*texts, locked=(), after=None, **known):
    """The statements that are named for what is lost of `t`, and of a column of `t`."""
    column = Column("v", "integer", not_null=False, computed=False, has_default=False, digest=0)
    contents = Contents(7, "t", False, 3, {1: column}, ())
    before = State({}, Counter(), {7: contents})
    statements = tuple(
        Statement(
            number, sql, 0.1, 1, locks=(Lock("t", True),) if number in locked else (), **known
        )
        for number, sql in enumerate(texts, 1)
    )
    evidence = Evidence(REVISION, before, statements, after=after or tables())
    return [(item.subject, item.statement) for item in judge_rows(evidence)]


@pytest.mark.parametrize(
    ("texts", "locked", "number"),
    [
        (("ALTER TABLE t ADD x int", "DROP TABLE t"), (1, 2), 2),
        (("DROP TABLE ts", "DROP TABLE public.t"), (), 2),
        (("DROP TABLE parts", "-- why\nTRUNCATE u, t"), (1,), 2),
        (("SELECT 1", "TRUNCATE u CASCADE"), (1, 2), 2),
        (("DROP TABLE w", "TRUNCATE u CASCADE"), (2,), 2),
        (("DO $$ BEGIN EXECUTE format('DROP TABLE %s', 'c'); END $$",), (1,), 1),
        (("SELECT drop_chunks('t', now())",), (), 1),
        (("ALTER TABLE t RENAME TO u",), (1,), None),
    ],
)
def test_the_statement_that_drops_them_is_named(texts, locked, number):
    assert removed(*texts, locked=locked) == [("t", number)]


def test_not_one_of_alembic():
    assert removed("DROP TABLE t", locked=(1,), by_alembic=True) == [("t", None)]


def test_the_statement_that_drops_a_column_is_named():
    without = State({}, Counter(), {7: Contents(7, "t", False, 3, {}, ())})
    texts = ("ALTER TABLE t DROP w", "ALTER TABLE t DROP COLUMN v")
    assert removed(*texts, locked=(1,), after=without) == [("t.v", 2)]


def test_the_statement_that_adds_a_retention_is_named():
    texts = (
        "SELECT 't'",
        "SELECT add_compression_policy('u', INTERVAL '1 day')",
        "SELECT add_retention_policy('t', INTERVAL '30 days')",
        "ALTER TABLE t ADD w int",
    )
    statements = tuple(Statement(number, sql, 0.1, 1) for number, sql in enumerate(texts, 1))
    evidence = Evidence(REVISION, state(), statements, after=state(facts=days(30)))
    (finding,) = judge_rows(evidence)
    assert finding.statement == 3
