"""Several columns that draw from sequences, and one finding for each that differs."""

from __future__ import annotations

import pytest

from conformance.comparing.capabilities import Capabilities
from conformance.comparing.comparison import compare
from conformance.comparing.facts import (
    EXISTS,
    Expression,
    FactKey,
    parts_of_signature,
    unbracketed,
)
from conformance.comparing.serials import written_out

COMMUNITY = Capabilities(community_edition=True)


def column(name, default, identity, table="tanks"):
    attributes = {EXISTS: True, "type": "integer", "default": default, "identity": identity}
    return {FactKey("column", table, name, key): value for key, value in attributes.items()}


def drawn(sequence):
    return Expression(f"nextval('{sequence}'::regclass)", f"nextval('{sequence}'::regclass)")


def test_several_columns_are_written_out_together():
    expected = column("id", drawn("tanks_id_seq"), None) | column("no", drawn("tanks_no_seq"), None)
    plain = column("level", None, None)
    observed = column("id", None, "serial") | column("no", None, "serial") | plain
    found = written_out(plain | expected, observed)
    for name in ("id", "no"):
        key = FactKey("column", "tanks", name, "identity")
        assert (found[key], found[key._replace(attribute="default")]) == ("serial", None)
    assert not compare(plain | expected, observed, COMMUNITY).findings
    quoted = column("id", drawn('"Xtanks_id_seq"'), None, table="Xtanks")
    assert not compare(quoted, column("id", None, "serial", table="Xtanks"), COMMUNITY).findings


@pytest.mark.parametrize(
    ("declared", "there", "message", "said"),
    [
        (
            (drawn("tanks_no_seq"), None),
            (None, "always"),
            "column tanks.id: is GENERATED ALWAYS AS IDENTITY in the database, the models declare"
            " DEFAULT nextval('tanks_no_seq'::regclass)",
            ("DEFAULT nextval('tanks_no_seq'::regclass)", "GENERATED ALWAYS AS IDENTITY"),
        ),
        (
            (None, "serial"),
            (drawn("tanks_no_seq"), None),
            "column tanks.id: is DEFAULT nextval('tanks_no_seq'::regclass) in the database, the"
            " models declare serial",
            ("serial", "DEFAULT nextval('tanks_no_seq'::regclass)"),
        ),
    ],
)
def test_another_sequence_is_one_finding(declared, there, message, said):
    compared = compare(column("id", *declared), column("id", *there), COMMUNITY)
    (finding,) = compared.findings.values()
    assert finding.message == message
    assert (finding.expected, finding.observed) == said
    assert finding.others == ("column:tanks.id:identity",)
    assert finding.hint == (
        "Read from pg_attribute. A serial or identity column has a sequence of its own; nextval()"
        " draws from a sequence of another table, or of none. Change one side."
    )


def test_what_draws_from_no_sequence_hides_none_that_does():
    def both(*, serial):
        one = column("a", Expression("1", "1") if serial else None, None)
        two = column("b", None, "serial") if serial else column("b", drawn("other_seq"), None)
        return one | two

    compared = compare(both(serial=True), both(serial=False), COMMUNITY)
    assert {finding.id for finding in compared.findings.values()} == {
        "column:tanks.a:default",
        "column:tanks.b:default",
    }


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("total(integer, text)", ("total", "(integer, text)")),
        ("total()", ("total", "()")),
        ("total", ("total", "")),
    ],
)
def test_a_signature_has_a_name_and_arguments(text, parts):
    assert parts_of_signature(text) == parts


@pytest.mark.parametrize(
    ("name", "bare"), [("<a_idx>", "a_idx"), ("a_idx", "a_idx"), ("<a", "<a"), ("a>", "a>")]
)
def test_the_brackets_of_what_the_models_do_not_name(name, bare):
    assert unbracketed(name) == bare
