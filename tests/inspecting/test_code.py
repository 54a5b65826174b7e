"""Calls and texts as Python code; pure."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from conformance.comparing.identifiers import identifier
from conformance.comparing.sequences import Sequence
from conformance.inspecting.code import WIDTH, Call, Name, comment, import_lines, rendered
from conformance.inspecting.expressions import bare
from conformance.inspecting.observed import Observed, length
from conformance.inspecting.sequences import described
from conformance.intervals import Interval
from conformance.literals import for_sqlalchemy

LONG = "a" * 40


def test_a_short_call_stands_on_one_line():
    call = Call("Retention", (), {"drop_after": "90 days"})
    assert rendered(call) == 'Retention(drop_after="90 days")'


def test_a_long_call_has_one_argument_a_line():
    call = Call("Grant", (LONG, LONG), {"to": Call("Role", (LONG,)), "on": [LONG, LONG, LONG]})
    lines = rendered(call, 1).splitlines()
    assert lines[0] == "Grant("
    assert lines[1] == f'        "{LONG}",'
    assert lines[3] == f'        to=Role("{LONG}"),'
    assert lines[-1] == "    )"
    assert all(len(line) <= WIDTH for line in lines)


@pytest.mark.parametrize(
    "value",
    [
        (),
        ("one",),
        [],
        {"a": [1, None, True], "b": {"c": -1.5}},
        "it's",
        'a "quote"',
        'ends with "',
        "back\\slash",
        "two\nlines",
        'two\nlines and """ and \\ and "',
        "carriage\r\nreturn",
        "a\ttab, a ☃ and a \x00",
        ["x" * 30] * 9,
        {"k" * 30: ("y" * 40, "z" * 40), "l": {}},
    ],
)
def test_a_value_is_read_back(value):
    assert eval(rendered(value)) == value
    assert eval(rendered(value, 2)) == value


def test_names_and_what_follows_a_call():
    call = Call("collate", (Name("x"), "C"), after=".desc()")
    assert rendered(call) == 'collate(x, "C").desc()'


def test_imports_stand_in_groups():
    names = {"conformance": {"Job", "declare"}, "typing": {"Any"}, "sqlalchemy": {"text"}, "a": ()}
    assert import_lines(names, ["datetime"]) == [
        "import datetime",
        "from typing import Any",
        "",
        "from sqlalchemy import text",
        "",
        "from conformance import Job, declare",
    ]


def test_comments_are_wrapped():
    lines = comment("word " * 60, 1).splitlines()
    assert len(lines) > 3
    assert all(line.startswith("    # word") and len(line) <= WIDTH for line in lines)
    assert comment("one\n\ntwo") == "# one\n#\n# two"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("(price > 0)", "price > 0"),
        ("price > 0", "price > 0"),
        ("(a) OR (b)", "(a) OR (b)"),
        ("((a) OR (b))", "(a) OR (b)"),
        ("(a = ')')", "a = ')'"),
        ("(a = '(') OR (b)", "(a = '(') OR (b)"),
        ('("a)" > 1)', '"a)" > 1'),
        ("('it''s (' = a)", "'it''s (' = a"),
    ],
)
def test_an_expression_without_its_brackets(given, expected):
    assert bare(given) == expected


@pytest.mark.parametrize(
    "expression", ["a::text", "a = ':b'", "'{\"a\":1}'::jsonb", "a[1:2]", "'10:30'", "':a:b'", "x"]
)
def test_sqlalchemy_reads_an_expression_as_it_is(expression):
    clause = text(for_sqlalchemy(expression))
    assert not clause._bindparams
    assert str(clause.compile()) == expression


def test_identifiers_are_quoted_where_sql_needs_it():
    assert [
        identifier(name) for name in ("price", "order", "lateral", "meterId", 'a"b', "a%b")
    ] == [
        "price",
        '"order"',
        '"lateral"',
        '"meterId"',
        '"a""b"',
        '"a%b"',
    ]


@pytest.mark.parametrize(
    "sequence",
    [
        Sequence("integer"),
        Sequence("bigint", 100, 10, cache=5, cycle=True),
        Sequence("smallint", -5, -1, -90, 0),
    ],
)
def test_options_of_a_sequence_are_read_back(sequence):
    first, options = described(sequence.describe("by default"))
    assert first == "by default"
    assert Sequence(sequence.type, **options).describe("always") == sequence.describe("always")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("1 year 2 mons", "1 year 2 months"),
        ("1 mon", "1 month"),
        ("01:30:00", "90 minutes"),
        ("30 days", "30 days"),
        ("-1 days", "-1 day"),
    ],
)
def test_a_length_reads_well_and_is_the_same(given, expected):
    said = length(Interval.parse(given))
    assert said == expected
    assert Interval.parse(said) == Interval.parse(given)


def test_a_length_that_is_no_interval():
    assert length(1000) == 1000
    assert length(None) is None


def test_a_name_is_split_at_its_schema():
    observed = Observed({}, ("public", "app", "app.sub"), "public")
    assert observed.split("app.sub.t") == ("app.sub", "t")
    assert observed.split("app.t") == ("app", "t")
    assert observed.split("public_t") == (None, "public_t")
    assert observed.split("f(app.kind)") == (None, "f(app.kind)")
