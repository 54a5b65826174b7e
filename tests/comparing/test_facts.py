"""Keys and values: their names, their causes, when they agree, how they are printed."""

from __future__ import annotations

import pytest

from conformance.comparing.facts import (
    ANYTHING,
    DERIVED,
    EXISTS,
    KINDS,
    AtLeast,
    Body,
    Detail,
    Expression,
    FactKey,
    Given,
    Includes,
    IndexColumn,
    OneOf,
    OutputColumn,
    OwnedBy,
    Owner,
    Privileges,
    Query,
    TypeName,
    Unsaid,
    agrees,
    in_order,
    plain,
    show,
)
from conformance.intervals import Interval

COLUMN = FactKey("column", "t", "c", "nullable")


def test_names():
    assert (COLUMN.object, COLUMN.id) == ("t.c", "column:t.c:nullable")
    table = FactKey("table", "t", "", EXISTS)
    assert (table.object, table.id) == ("t", "table:t:exists")
    assert FactKey("index", "t", "<t_at_idx>", EXISTS).object == "t.t_at_idx"
    assert COLUMN.existence == FactKey("column", "t", "c", "exists")


def causes(kind, name, attribute):
    return [key.id for key in FactKey(kind, "t", name, attribute).causes()]


EXTENSION = "extension:timescaledb:exists"
#: For one name there is one relation.
RELATION = [f"{kind}:t:exists" for kind in ("table", *DERIVED)]
HYPERTABLE = "hypertable:t:exists"
AGGREGATE = [f"continuous_aggregate:t:{name}" for name in ("source", "bucket", "definition")]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (("extension", "", EXISTS), []),
        (("extension", "", "version"), ["extension:t:exists"]),
        (("type", "", EXISTS), []),
        (("setting", "", "value"), ["setting:t:exists"]),
        (("table", "", EXISTS), [EXTENSION]),
        (("job", "", EXISTS), [EXTENSION]),
        (("privilege", "r", EXISTS), [*RELATION, "sequence:t:exists"]),
        (("comment", "", "text"), ["comment:t:exists", *RELATION, EXTENSION]),
        (
            ("comment", "c", "text"),
            ["comment:t.c:exists", "column:t.c:exists", *RELATION, EXTENSION],
        ),
        (("default_privilege", "r", EXISTS), []),
        (("column", "c", EXISTS), [*RELATION, EXTENSION]),
        (
            ("column", "c", "generated_storage"),
            ["column:t.c:generated", "column:t.c:exists", *RELATION, EXTENSION],
        ),
        (("view", "", "columns"), ["view:t:definition", "view:t:exists", *RELATION, EXTENSION]),
        (
            ("continuous_aggregate", "", "definition"),
            [*AGGREGATE[:2], "continuous_aggregate:t:exists", *RELATION, EXTENSION],
        ),
        (
            ("continuous_aggregate", "", "columns"),
            [*AGGREGATE, "continuous_aggregate:t:exists", *RELATION, EXTENSION],
        ),
        (("index", "i", EXISTS), [*RELATION, EXTENSION]),
        (("index", "<i>", EXISTS), [HYPERTABLE, *RELATION, EXTENSION]),
        (("compression", "", EXISTS), [HYPERTABLE, *RELATION, EXTENSION]),
        (("policy", "", EXISTS), [HYPERTABLE, *RELATION, EXTENSION]),
        (("chunk", "", EXISTS), [HYPERTABLE, *RELATION, EXTENSION]),
        (("hypertable", "", EXISTS), [*RELATION, EXTENSION]),
    ],
)
def test_what_a_fact_depends_on_nearest_first(key, expected):
    assert causes(*key) == expected


def test_causes_sort_before_their_consequences():
    keys = [FactKey(kind, "t", "", attribute) for kind in KINDS for attribute in (EXISTS, "a", "z")]
    assert sorted(set(keys), key=FactKey.sort_key) == keys
    columns = FactKey("view", "t", "", "columns")
    assert columns.sort_key() > columns._replace(attribute="definition").sort_key()
    names = [FactKey("index", table, name, EXISTS) for table in "tu" for name in "ab"]
    assert sorted(set(names), key=FactKey.sort_key) == names


def test_counts_come_in_the_order_of_kinds():
    counted = in_order({"column": 2, "extension": 1, "policy": 0})
    assert list(counted.items()) == [("extension", 1), ("column", 2)]


@pytest.mark.parametrize(
    ("expected", "observed", "agreed"),
    [
        (1, 1, True),
        (1, 2, False),
        (None, None, True),
        (None, False, False),
        (True, True, True),
        (True, 1, False),
        (1, True, False),
        (("a",), ("a",), True),
        (("a",), ("b",), False),
        (AtLeast("2.17"), "2.17", True),
        (AtLeast("2.17"), "2.17.0", True),
        (AtLeast("2.17"), "2.17.1-dev", True),
        (AtLeast("2.17.0"), "2.17", True),
        (AtLeast("2.17.0"), "2.16.9", False),
        (AtLeast("2"), "2.0.1", True),
        (AtLeast("2.0"), "2", True),
        (AtLeast("2.0"), "1.9", False),
        (AtLeast("2.1.0.3"), "2.1.0.2", False),
        (AtLeast("2.1.0.3"), "2.1.0.3", True),
        (AtLeast("2.17"), "2.100", True),
        (AtLeast("2.17"), "3.0", True),
        (AtLeast("2.17.2"), "2.17.1", False),
        (AtLeast("2.17"), "2.9", False),
        (AtLeast("2.17"), "2.17rc1", False),
        (AtLeast("2.17"), 3, False),
        (AtLeast("2.17"), None, False),
        (OneOf(("a", "b")), "b", True),
        (OneOf(("a", "b")), "c", False),
        (ANYTHING, None, True),
        (Privileges(("a",), ("b", "c")), ("a",), True),
        (Privileges(("a",), ("b", "c")), ("a", "c"), True),
        (Privileges(("a",), ("b",)), ("b",), False),
        (Privileges(("a",), ("b",)), ("a", "d"), False),
        (Privileges(("a",), ("b",)), "a", False),
        (Interval.parse("1 month"), Interval.parse("30 days"), True),
        (Expression("x", "X"), Expression("x", "(x)"), True),
        (Expression("x", "x"), Expression("y", "x"), False),
        (TypeName("text", "TEXT"), TypeName("text", "text"), True),
    ],
)
def test_when_values_agree(expected, observed, agreed):
    assert agrees(expected, observed) is agreed


class Quoted(str):
    __slots__ = ()


def test_subclasses_agree():
    assert agrees(Quoted("a"), "a")
    assert not agrees(Quoted("a"), "b")


@pytest.mark.parametrize(
    ("value", "shown", "data"),
    [
        (None, "none", None),
        (True, "yes", True),
        (False, "no", False),
        (3, "3", 3),
        ("text", "text", "text"),
        (("a", None, True), "(a, none, yes)", ["a", None, True]),
        (Interval.parse("1 month"), "30 days (1 month)", "30 days"),
        (Expression("canonical", "written"), "written", "written"),
        (TypeName("bigint", "INT8"), "bigint", "bigint"),
        (AtLeast("2.17"), "2.17 or later", "2.17 or later"),
        (OneOf(("a", "b")), "a or b", "a or b"),
        (ANYTHING, "anything", "anything"),
    ],
)
def test_how_values_are_shown(value, shown, data):
    assert show(value) == shown
    assert plain(value) == data
    assert type(plain(value)) is type(data)


@pytest.mark.parametrize(
    ("column", "shown"),
    [
        (IndexColumn("a"), "a"),
        (IndexColumn("a", descending=True, nulls_first=True), "a DESC"),
        (IndexColumn("a", descending=True), "a DESC NULLS LAST"),
        (IndexColumn("a", nulls_first=True), "a NULLS FIRST"),
        (
            IndexColumn(Expression("x", "lower(a)"), operator_class="text_ops", collation="C"),
            '(lower(a)) COLLATE "C" text_ops',
        ),
    ],
)
def test_columns_of_an_index(column, shown):
    assert str(column) == shown


def test_a_privilege_of_a_column_depends_on_the_column_and_its_table():
    key = FactKey("privilege", "t (a)", "reader", EXISTS)
    column, table, *_ = key.causes()
    assert (column.id, table.id) == ("column:t.a:exists", "table:t:exists")


def test_a_privilege_of_a_function_depends_on_the_function():
    key = FactKey("privilege", "function f(integer, text)", "reader", EXISTS)
    assert [cause.id for cause in key.causes()] == ["function:f(integer, text):exists"]


@pytest.mark.parametrize(
    ("expected", "observed", "agreed"),
    [
        (True, Detail("a function"), True),
        (Detail("a function"), Detail("a function"), True),
        (Unsaid(1, "by the version"), 1, True),
        (Unsaid(1, "by the version"), 2, False),
        (Unsaid(1, "by the version", (3,)), 3, True),
        (Unsaid(Interval(1), "by the version", (Interval(3),)), Interval(3), False),
        (Unsaid(Interval(1), "by the version", (Interval(3),)), Interval(3, chosen=False), True),
        (Unsaid(Interval(1), "by the version"), Interval(3, chosen=False), False),
        (Includes(("a", "b")), ("b", "a"), True),
        (False, Detail("a function"), False),
        ("a function", Detail("another"), False),
        (Includes(("a", "b")), ("b", "c", "a"), True),
        (Includes(("a", "b")), ("b", "c"), False),
        (Includes(("a",)), "a", False),
        (Given("a function"), "f", True),
        (Given("a function"), None, False),
        (OwnedBy("me"), Owner("me", "you"), True),
        (OwnedBy("me"), Owner("you", "you"), False),
        (OwnedBy(), Owner("you", "you"), True),
        (OwnedBy(), Owner("me", "you"), False),
        (OwnedBy(), "you", False),
        (Privileges(("select",), ("usage",)), ("select",), True),
        (Privileges(("select",), ("usage",)), ("select", "usage"), True),
        (Privileges(("select",), ("usage",)), ("usage",), False),
        (Privileges(("select",), ("usage",)), ("select", "update"), False),
        (Query.written("SELECT  1;"), Query.written("SELECT\n1"), True),
        (Query("a", "same", ("x",)), Query("a", "same"), False),
        (Query("a", "one", refused="no"), Query("a", "other"), True),
    ],
)
def test_when_values_of_other_objects_agree(expected, observed, agreed):
    assert agrees(expected, observed) is agreed


@pytest.mark.parametrize(
    ("value", "shown", "data"),
    [
        (Includes(("a", None)), "(a, none)", ["a", None]),
        (Given("a function"), "a function", "a function"),
        (Privileges(("a", "b"), ("c",)), "(a, b)", ["a", "b"]),
        (Owner("me", "me"), "me", "me"),
        (Owner("me", "you"), "me (of most: you)", "me (of most: you)"),
        (OwnedBy("me"), "me", "me"),
        (
            OwnedBy(),
            "one owner for all tables, views and types",
            "one owner for all tables, views and types",
        ),
        (Query.written("SELECT\n  1 ;"), "SELECT 1", "SELECT 1"),
        (Query.written("SELECT X; "), "SELECT X", "SELECT X"),
        (Unsaid(None, "by the version"), "none", None),
        (Unsaid(Interval.parse("1 day"), "by the version"), "1 day", "1 day"),
        (OutputColumn("a", TypeName("bigint", "int8")), "a bigint", "a bigint"),
        (OneOf((1, None)), "1 or none", "1 or none"),
        (Detail("a function"), "a function", "a function"),
        (Body("abc", "SELECT 1", "", ""), "abc", "abc"),
    ],
)
def test_how_values_of_other_objects_are_shown(value, shown, data):
    assert show(value) == shown
    assert plain(value) == data


def test_bodies_agree_by_their_digest_and_carry_what_creates_them():
    body = Body("abc", "SELECT n", "n integer", "RETURNS integer")
    assert agrees(body, Body("abc", "SELECT  n"))
    assert not agrees(body, Body("xyz", "SELECT n", "n integer", "RETURNS integer"))
    assert (body.text, body.arguments, body.definition) == (
        "SELECT n", "n integer", "RETURNS integer",
    )  # fmt: skip
