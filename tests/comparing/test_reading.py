"""What a query reads, and the query after a column was renamed."""

from __future__ import annotations

import json

import pytest

from conformance.comparing.facts import EXISTS, FactKey, Query
from conformance.comparing.reading import (
    read_relations,
    renamed_outputs,
    with_column_read,
    with_outputs,
    with_relation_read,
)

COLUMN = FactKey("column", "t", "old", EXISTS)


def plan(*output, scan=(), relation="public.t", other="public.u"):
    """The plan of a query that reads the table as r2, and another one as r3."""
    scans = [
        {"Alias": "r2", "CTE Name": relation, "Output": [*scan], "Parallel Aware": False},
        {"Alias": "r3", "CTE Name": other, "Output": []},
    ]
    query = {"Output": [*output], "Plans": scans}
    root = {"Alias": "r0", "CTE Name": "conformance_query", "Plans": [query]}
    root["Output"] = ["ROW(r0.old)"]
    return json.dumps([["FOR UPDATE"], root], sort_keys=True)


def test_the_relations_of_a_plan():
    assert read_relations(Query(plan(), "")) == {"public.t", "public.u"}
    assert read_relations(Query("SELECT old FROM t", "")) == set()


@pytest.mark.parametrize("output", [True, False])
@pytest.mark.parametrize(
    ("said", "then"),
    [
        ("max(r2.old)", "max(r2.new)"),
        ("r2.old + r3.old", "r2.new + r3.old"),
        ("r2.older + r2.old2 + r2.an_old", "r2.older + r2.old2 + r2.an_old"),
        ("old(r2.old)", "old(r2.new)"),
        ("(r2.old)::old", "(r2.new)::old"),
        ("'r2.old'::text", "'r2.old'::text"),
        ("(r2.pair).old", "(r2.pair).old"),
        ("((r2.n = r2.old) OR (r2.m > 1))", "((r2.m > 1) OR (r2.n = r2.new))"),
        ("((r2.old = r2.oldest) AND (r2.n IS NULL))", "((r2.n IS NULL) AND (r2.new = r2.oldest))"),
        ("((r2.old > 1) AND (r2.nil > 1))", "((r2.new > 1) AND (r2.nil > 1))"),
    ],
    ids=[
        "one",
        "of two tables",
        "other columns",
        "function",
        "type",
        "text",
        "field",
        "terms",
        "sides",
        "terms in another order",
    ],
)
def test_only_the_column_of_the_table_is_renamed(said, then, output):
    found = with_column_read(Query(plan(said), ""), COLUMN, "new", output=output)
    own = "new" if output else "old"
    assert found.canonical == plan(then).replace("r0.old", f"r0.{own}")


@pytest.mark.parametrize(
    ("table", "is_renamed"), [("t", True), ("public.t", True), ("other", False)]
)
def test_the_table_is_found_with_and_without_its_schema(table, is_renamed):
    query = Query(plan("r2.old"), "SELECT old FROM t")
    found = with_column_read(query, COLUMN._replace(table=table), "new", output=False)
    assert found.canonical == (plan("r2.new") if is_renamed else query.canonical)
    assert found.text == ("SELECT new FROM t" if is_renamed else query.text)


@pytest.mark.parametrize(
    ("old", "new", "said", "then"),
    [
        ("old", "New", "r2.old", 'r2."New"'),
        ("Old", "new", 'r2."Old" + r3."Old"', 'r2.new + r3."Old"'),
        ("old", "time", "r2.old", 'r2."time"'),
    ],
)
def test_names_that_need_quotes(old, new, said, then):
    column = COLUMN._replace(name=old)
    found = with_column_read(Query(plan(said), ""), column, new, output=False)
    assert found.canonical == plan(then)


def test_a_scan_of_all_columns_lists_both_names():
    query = Query(plan("r2.old", scan=("r2.id", "r2.old", "r2.new")), "")
    found = with_column_read(query, COLUMN, "new", output=False)
    assert found.canonical == plan("r2.new", scan=("r2.id", "r2.old", "r2.new"))


def test_a_scan_of_some_columns_is_renamed():
    query = Query(plan("r2.old", scan=("r2.id", "r2.old")), "")
    found = with_column_read(query, COLUMN, "new", output=False)
    assert found.canonical == plan("r2.new", scan=("r2.id", "r2.new"))


def test_a_column_with_the_name_of_an_alias():
    query = Query(plan("r2.r2 + r3.r2"), "")
    found = with_column_read(query, COLUMN._replace(name="r2"), "new", output=False)
    assert found.canonical == plan("r2.new + r3.r2")


@pytest.mark.parametrize(
    ("said", "then"),
    [
        ("SELECT t.old, u.old FROM t, u", "SELECT t.new, u.old FROM t, u"),
        ("SELECT old(old)::old FROM t", "SELECT old(new)::old FROM t"),
        ("SELECT 'old', \"old\" FROM t", "SELECT 'old', new FROM t"),
    ],
    ids=["another table", "function and type", "text"],
)
def test_the_text_of_a_query(said, then):
    assert with_column_read(Query(plan(), said), COLUMN, "new", output=True).text == then


def test_a_table_with_the_name_of_the_column():
    said = "SELECT t.old, old.old FROM t, old"
    query = Query(plan("r2.old + r3.old", other="public.old"), said)
    found = with_column_read(query, COLUMN, "new", output=False)
    assert found.canonical == plan("r2.new + r3.old", other="public.old")
    assert found.text == "SELECT t.new, old.old FROM t, old"


@pytest.mark.parametrize(
    ("output", "then"),
    [(True, "SELECT max(new) AS new FROM t"), (False, "SELECT max(new) AS old FROM t")],
)
def test_the_text_keeps_the_name_of_the_output(output, then):
    query = Query(plan("max(r2.old)"), "SELECT max(old) AS old FROM t")
    assert with_column_read(query, COLUMN, "new", output=output).text == then


def test_a_query_without_a_plan():
    query = Query("SELECT old, older FROM t", "SELECT old FROM t")
    found = with_column_read(query, COLUMN, "new", output=True)
    assert found == Query("SELECT new, older FROM t", "SELECT new FROM t")
    assert found.text == "SELECT new FROM t"


@pytest.mark.parametrize(
    ("old", "new", "said", "then"),
    [
        ("t", "u", "SELECT t.a FROM t, other.t, tt", "SELECT u.a FROM u, other.u, tt"),
        ("t", "U", "SELECT 't' FROM t", "SELECT 't' FROM \"U\""),
        ("T", "u", 'SELECT a FROM t, "T"', "SELECT a FROM t, u"),
        ("s.t", "s.u", "SELECT a FROM t, s.t, r.t", "SELECT a FROM s.u, s.u, r.t"),
        ("t", "s.t", "SELECT a FROM t, public.t, s.t", "SELECT a FROM s.t, s.t, s.t"),
        ("S.t", "t", 'SELECT a FROM "S".t, r.t, t', "SELECT a FROM t, r.t, t"),
        ("s.t", "r.u", "SELECT a FROM s.t", "SELECT a FROM r.u"),
    ],
)
def test_a_query_as_the_server_prints_it_after_a_rename(old, new, said, then):
    assert with_relation_read(Query(said, said), old, new) == Query(then, then)
    assert with_relation_read(Query("[]", said), old, new).text == then


@pytest.mark.parametrize(
    ("old", "new", "said", "then"),
    [
        ("t", "u", "desk.t", "desk.u"),
        ("t", "u", "desk.tt", "desk.tt"),
        ("s.t", "s.u", "s.t", "s.u"),
        ("s.t", "s.u", "r.t", "r.t"),
        ("t", "s.t", "public.t", "s.t"),
        ("s.t", "u", "s.t", "public.u"),
        ("s.t", 'r."', "s.t", r"r.\""),
        ("s+.t", "s+.u", "s+.t", "s+.u"),
        ("s.t+", "s.u", "s.t+", "s.u"),
    ],
)
def test_a_plan_as_the_server_makes_it_after_a_rename(old, new, said, then):
    """The names of a plan are whole; those of columns stay."""

    def plan(name):
        return f'[[], {{"CTE Name": "{name}", "Output": ["r1.t", "t"]}}]'

    assert with_relation_read(Query(plan(said), ""), old, new) == Query(plan(then), "")


def shown(*names, item="r2.old", hidden=()):
    """A query with columns of these names."""
    outputs = ", ".join(f"r0.{name}" for name in names)
    root = json.loads(plan(item))
    root[1]["Output"] = [f"(ROW({outputs}))::text"]
    return Query(json.dumps(root, sort_keys=True), "", hidden=hidden)


@pytest.mark.parametrize(
    ("names", "then", "found"),
    [
        (("a", "b"), ("a", "c"), {"b": "c"}),
        (("a", "b"), ("c", "d"), {"a": "c", "b": "d"}),
        (("a", '"B ""b"""'), ("a", '"time"'), {'B "b"': "time"}),
        (("a", "b"), ("a", "b"), {}),
        (("a", "b"), ("b", "a"), {}),
        (("a", "b"), ("b", "c"), {}),
        (("a", "b"), ("a",), {}),
    ],
    ids=["one", "two", "quoted", "none", "exchanged", "a name that is there", "fewer"],
)
def test_columns_of_other_names(names, then, found):
    assert renamed_outputs(shown(*names), shown(*then)) == found
    if found:
        assert with_outputs(shown(*names), found) == shown(*then)


def test_a_query_that_differs_in_more_than_names():
    query = shown("a")
    assert renamed_outputs(query, shown("b", item="r3.old")) == {}
    assert renamed_outputs(query, shown("b", hidden=("FOR UPDATE",))) == {}
    assert renamed_outputs(query, Query("SELECT a AS b FROM t", "")) == {}
    unplanned = Query("SELECT a FROM t", "")
    assert with_outputs(unplanned, {"a": "b"}) == unplanned
