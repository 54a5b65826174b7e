"""Two states compared: facts, catalogs, and rows by table and column."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from conformance.comparing.facts import EXISTS, FactKey
from conformance.gate.evidence.state import (
    Column,
    Contents,
    State,
    changed_rows,
    changed_traces,
    describe_changes,
    differences,
)

A = Column("a", "integer", not_null=True, computed=False, has_default=False, digest=1)
B = replace(A, name="b", digest=2)
TABLE = Contents(7, "t", False, 3, {1: A, 2: B}, (1,))
BEFORE = State({}, Counter(), {7: TABLE})


def rows(*contents):
    later = State({}, Counter(), {item.oid: item for item in contents})
    return [what for _, what in changed_rows(BEFORE, later)]


@pytest.mark.parametrize(
    ("then", "said"),
    [
        (replace(TABLE), []),
        (replace(TABLE, columns={1: A, 2: replace(B, digest=9)}), ["t.b has other values"]),
        (replace(TABLE, columns={1: A}), ["t.b is gone"]),
        (replace(TABLE, rows=4), ["t has 4 rows instead of 3"]),
        (replace(TABLE, name="renamed"), []),
        (replace(TABLE, columns={1: A, 2: replace(B, name="renamed")}), []),
        (replace(TABLE, columns={1: A, 2: B, 3: replace(B, name="new")}), []),
        # Dropped and made again: found by name, whatever number the columns have now.
        (replace(TABLE, oid=8, columns={5: B, 6: A}), []),
        (replace(TABLE, columns={1: A, 9: B}), []),
    ],
)
def test_rows(then, said):
    assert rows(then) == said


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        ({1}, {2}, []),
        ({1}, {3}, ["t.b has other values"]),
        ({3}, {2}, ["t.a has other values"]),
        ({1}, {2, 3}, ["t.b has other values"]),
        # The values are there, in other rows or another number of times.
        (None, None, ["t has other rows"]),
    ],
)
def test_rows_of_a_table_without_a_key(a, b, said):
    """A value that changes makes another row, and the digests of all its columns change."""
    first, second = replace(A, values=frozenset({1})), replace(B, values=frozenset({2}))
    before = replace(TABLE, columns={1: first, 2: second}, key=(1, 2))
    assert not before.has_key
    changed = 9 if said else 0
    later = {
        number: replace(
            column, digest=column.digest + changed, values=frozenset(values or column.values)
        )
        for number, column, values in ((1, first, a), (2, second, b))
    }
    found = changed_rows(
        State({}, Counter(), {7: before}), State({}, Counter(), {7: replace(before, columns=later)})
    )
    assert [what for _, what in found] == said


def test_a_table_that_is_gone():
    assert rows() == ["t is gone"]


def test_a_table_that_had_no_rows():
    before = State({}, Counter(), {7: replace(TABLE, rows=0)})
    assert list(changed_rows(before, BEFORE)) == []


def test_names_can_be_left_out():
    other = replace(TABLE, columns={1: A, 2: replace(B, digest=9)})
    later = State({}, Counter(), {7: other})
    assert list(changed_rows(BEFORE, later, without={"t.b"})) == []
    assert list(changed_rows(BEFORE, later, without={"t"})) == []


def test_of_what_came_only_that_it_did():
    later = State(
        {FactKey("table", "n", "", EXISTS): True, FactKey("column", "n", "c", EXISTS): True},
        Counter(),
        {},
    )
    assert describe_changes(State({}, Counter(), {}), later) == ["table n is new"]
    assert describe_changes(later, State({}, Counter(), {})) == ["table n is gone"]


def test_traces():
    before = State({}, Counter({"relation a": 1, "row in b": 2}), {})
    after = State({}, Counter({"relation c": 1, "row in b": 3}), {})
    assert changed_traces(before, after) == [
        "relation a (-1)", "relation c (+1)", "row in b (+1)",
    ]  # fmt: skip


def test_the_schema_of_alembics_version_table_is_no_trace():
    """env.py may make the schema before Alembic makes the table in it; there it counts as 0."""
    before = State({}, Counter({"schema acme": 1, "schema lost": 1}), {})
    after = State({}, Counter({"schema acme": 0}), {})
    assert changed_traces(before, after) == ["schema lost (-1)"]
    assert changed_traces(after, before) == ["schema lost (+1)"]


def test_a_chunk_compressed_anew_is_no_trace():
    def state(number):
        name = f"relation _timescaledb_internal.compress_hyper_5_{number}_chunk"
        return State({}, Counter({name: 1}), {})

    assert changed_traces(state(3), state(9)) == []


CHUNK = 'relation _timescaledb_internal."2_2_readings_pkey"'
ROW = "row in _timescaledb_catalog.dimension_slice"


def test_chunks_come_and_go():
    before = State({}, Counter({CHUNK: 1, ROW: 1}), {})
    after = State({}, Counter({"function f()": 1}), {})
    assert len(changed_traces(before, after)) == 3
    assert changed_traces(before, after, chunks=False) == ["function f() (+1)"]


def test_rows_about_chunks_alone_are_a_trace():
    before, after = State({}, Counter(), {}), State({}, Counter({ROW: 1}), {})
    assert changed_traces(before, after, chunks=False) == [f"{ROW} (+1)"]


def test_that_rows_were_looked_at_may_be_left_out():
    key = FactKey("check", "t", "c", "validated")
    not_yet, by_now = State({key: False}, Counter(), {}), State({key: True}, Counter(), {})
    assert describe_changes(not_yet, by_now) == ["check constraint t.c: validated no -> yes"]
    assert describe_changes(not_yet, by_now, validations=False) == []
    assert describe_changes(by_now, not_yet, validations=False) != []


def test_alembics_version_is_part_of_it():
    assert differences(replace(BEFORE, version=("1",)), replace(BEFORE, version=("2",))) == [
        "Alembic's version is 2"
    ]
