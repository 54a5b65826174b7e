"""Terms of an expression in one order, whatever the order in which somebody wrote them."""

from __future__ import annotations

import pytest

from conformance.observed.explaining import normal


@pytest.mark.parametrize(
    ("printed", "same"),
    [
        ("(0 <= days)", "(days >= 0)"),
        ("('a'::text = \"Side\")", "(\"Side\" = 'a'::text)"),
        ("(1.5 <> days)", "(days <> 1.5)"),
        ("(3 < sites.id)", "(sites.id > 3)"),
        ("('a'::text = v.\"Side\")", "(v.\"Side\" = 'a'::text)"),
        ("((b > 1) AND (a IS NULL))", "((a IS NULL) AND (b > 1))"),
        ("(NOT ((b) OR (a)))", "(NOT ((a) OR (b)))"),
        ("CASE WHEN ((b) AND (a)) THEN 1 END", "CASE WHEN ((a) AND (b)) THEN 1 END"),
        ("(((d) OR (c)) AND ((b) OR (a)))", "(((a) OR (b)) AND ((c) OR (d)))"),
        (
            "((side = 'put'::text) OR (side = 'call'::text))",
            "(side = ANY ('{call,put}'::text[]))",
        ),
        (
            "((side <> 'put'::text) AND (side <> 'call'::text))",
            "(side <> ALL ('{call,put}'::text[]))",
        ),
        ("(side = ANY ('{b,a,b}'::text[]))", "(side = ANY ('{a,b}'::text[]))"),
        ("(now() AT TIME ZONE 'utc'::text)", "timezone('utc'::text, now())"),
        (
            "f(((a AT TIME ZONE 'x'::text) AT TIME ZONE 'y'::text), 1)",
            "f(timezone('y'::text, timezone('x'::text, a)), 1)",
        ),
        (
            "(((b AT TIME ZONE 'x'::text) > a) AND (a IS NULL))",
            "((a IS NULL) AND (timezone('x'::text, b) > a))",
        ),
    ],
)
def test_one_order(printed, same):
    assert normal(printed) == normal(same) == same


@pytest.mark.parametrize(
    "printed",
    [
        "((a = 'x AND (y'::text) AND b)",
        "f(b, ' AND ') AND a",
        # Of different names, types or signs: not a list.
        "((a = 'x'::text) OR (b = 'y'::text))",
        "((a = 'x'::character varying) OR (a = 'y'::text))",
        "((a <> 'x'::text) OR (a <> 'y'::text))",
        "((a <> 'x'::text) OR (a = 'y'::text))",
        # An array would show these texts in quotes.
        "((a = 'x y'::text) OR (a = 'y,z'::text))",
        "(a = ' AT TIME ZONE '::text)",
        "(a < b)",
        "(a ~~ 'x'::text)",
        ")b AND a(",
    ],
)
def test_what_stays(printed):
    assert normal(printed) == printed


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("(0 < days)", "(0 <= days)"),
        ("(a AT TIME ZONE b)", "(b AT TIME ZONE a)"),
        ("(0 < days)", "(days < 0)"),
        ("((a) AND (b))", "((a) OR (b))"),
        ("((a) AND ((b) OR (c)))", "(((a) AND (b)) OR (c))"),
        ("((a = 'x'::text) OR (a = 'y'::text))", "((a = 'x'::text) OR (a = 'z'::text))"),
    ],
)
def test_what_is_told_apart(one, other):
    assert normal(one) != normal(other)
