"""What a query reads, and the query after a column was renamed."""

from __future__ import annotations

import json

import pytest

from conformance.comparing.facts import EXISTS, FactKey, Query
from conformance.comparing.reading import read_relations, with_column_read

COLUMN = FactKey("column", "t", "old", EXISTS)


def plan(*output, scan=(), relation="public.t"):
    """The plan of a query that reads the table as r2, and the table `old` as r3."""
    scans = [
        {"Alias": "r2", "CTE Name": relation, "Output": [*scan]},
        {"Alias": "r3", "CTE Name": "public.old", "Output": []},
    ]
    query = {"Output": [*output], "Plans": scans}
    root = {"Alias": "r0", "CTE Name": "conformance_query", "Plans": [query]}
    root["Output"] = ["ROW(r0.old)"]
    return json.dumps([["FOR UPDATE"], root], sort_keys=True)


def test_the_relations_of_a_plan():
    assert read_relations(Query(plan(), "")) == {"public.t", "public.old"}
    assert read_relations(Query("SELECT old FROM t", "")) == set()


@pytest.mark.parametrize("output", [True, False])
@pytest.mark.parametrize(
    ("said", "then"),
    [
        ("max(r2.old)", "max(r2.new)"),
        ("r2.old + r3.old", "r2.new + r3.old"),
        ("r2.older + r2.old2 + r2.an_old", "r2.older + r2.old2 + r2.an_old"),
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
