"""Signatures of functions are read as people write them, and told as PostgreSQL spells them."""

from __future__ import annotations

import re

import pytest

from conformance.declarations.signatures import Signature


@pytest.mark.parametrize(
    ("text", "signature"),
    [
        ("f()", "f()"),
        (" f ( ) ", "f()"),
        ("f(int, varchar(20))", "f(integer, character varying)"),
        ("f(INT)", "f(integer)"),
        ("f(Kind)", "f(kind)"),
        ("f(jsonb)", "f(jsonb)"),
        ("tools.f(a\nint)", "tools.f(integer)"),
    ],
)
def test_types_are_told_by_the_name_that_postgresql_prints(text, signature):
    assert str(Signature.parse(text)) == signature


@pytest.mark.parametrize(
    ("text", "signature"),
    [
        ("f(double precision)", "f(double precision)"),
        ("f(DOUBLE PRECISION[])", "f(double precision[])"),
        ("f(at timestamp with time zone)", "f(timestamp with time zone)"),
        ("f(at timestamp(3) with time zone)", "f(timestamp with time zone)"),
        ("f(timestamptz, numeric(10, 2))", "f(timestamp with time zone, numeric)"),
    ],
)
def test_a_type_may_have_several_words_and_a_length(text, signature):
    assert str(Signature.parse(text)) == signature


@pytest.mark.parametrize(
    "text", ["f(a int[])", "f(int[])", "f(int [])", "f(a int[][])", "f(a int [3] [4])"]
)
def test_an_array_has_no_length_and_no_dimensions(text):
    assert str(Signature.parse(text)) == "f(integer[])"


@pytest.mark.parametrize(
    ("text", "signature"),
    [
        ("f(a int, OUT b text, INOUT c bool)", "f(integer, boolean)"),
        ("f(in int, out text)", "f(integer)"),
        ("f(VARIADIC parts text[])", "f(text[])"),
        # A word alone is a type.
        ("f(out)", "f(out)"),
    ],
)
def test_what_a_call_does_not_give_is_no_argument(text, signature):
    assert str(Signature.parse(text)) == signature


@pytest.mark.parametrize(
    ("default", "rest"),
    [
        ("DEFAULT 'x, y'", "b int"),
        ("default '(' ", "b int"),
        ("DEFAULT ')'", "b int"),
        ("DEFAULT concat('x', 'y')", "b int"),
        ("DEFAULT concat(upper('x'), 'y')", "b int"),
        ("= ARRAY[1, 2]", "b int"),
        ("DEFAULT X", "b int"),
        (":= 'a' = 'b' ", " b int = 1"),
    ],
)
def test_a_default_ends_at_a_comma_outside_of_quotes_and_brackets(default, rest):
    assert Signature.parse(f"f(a text {default}, {rest})").arguments == ("text", "integer")


@pytest.mark.parametrize(
    ("text", "name", "arguments"),
    [
        ('"F"(x jsonb)', "F", ("jsonb",)),
        ('"a ""b"""("Kind", k "Kind"[])', 'a "b"', ('"Kind"', '"Kind"[]')),
        ("f()", "f", ()),
    ],
)
def test_a_quoted_name_keeps_its_letters(text, name, arguments):
    assert Signature.parse(text) == Signature(name, arguments)


@pytest.mark.parametrize("text", ["", "next_of", "f(", "two words(int)", '"f(int)'])
def test_what_is_no_signature(text):
    with pytest.raises(ValueError, match=re.escape(f"signature {text!r} does not have the form")):
        Signature.parse(text)
