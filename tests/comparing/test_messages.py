"""Every sentence that a finding can say, by kind and attribute."""

from __future__ import annotations

import pytest

from conformance.comparing.facts import EXISTS, KINDS, FactKey
from conformance.comparing.messages import _CAUSES, _NO_DEFAULT_INDEX, hint_for, message_for

AGE = FactKey("policy", "t", "compression", "compress_after")


@pytest.mark.parametrize(
    ("key", "disagreement", "values", "message"),
    [
        (
            AGE,
            "different",
            (1, 2),
            "policy t.compression: compress after is 2, the models declare 1",
        ),
        (
            AGE,
            "missing",
            (1, None),
            "policy t.compression: compress after is not set, the models declare 1",
        ),
        (
            AGE,
            "unexpected",
            (None, 2),
            "policy t.compression: compress after is 2, the models declare nothing",
        ),
        (
            FactKey("chunk", "t", "", "alterations"),
            "different",
            (None, "none"),
            "chunks of t: alterations are none, the models declare none",
        ),
        (
            FactKey("primary_key", "t", "pk", EXISTS),
            "missing",
            (True, None),
            "primary key of t.pk: is missing, the models declare it",
        ),
        (
            FactKey("trigger", "t", "tr", EXISTS),
            "unexpected",
            (None, "BEFORE INSERT"),
            "trigger t.tr: is in the database, the models do not declare it (BEFORE INSERT)",
        ),
        (
            FactKey("table", "t", "", EXISTS),
            "unexpected",
            (None, True),
            "table t: is in the database, the models do not declare it",
        ),
    ],
)
def test_messages(key, disagreement, values, message):
    assert message_for(key, disagreement, *values) == message


CREATE = "Create it in a migration, or drop it from the models."
DECLARE = "Declare it in the models, or drop it in a migration."
CHANGE = "Change it in a migration, or in the models if the database is right."


@pytest.mark.parametrize("kind", KINDS)
def test_hints_say_where_it_was_read_and_what_to_do(kind):
    for disagreement, way in (("missing", CREATE), ("unexpected", DECLARE), ("different", CHANGE)):
        hint = hint_for(FactKey(kind, "t", "", "no such"), disagreement)
        assert hint.startswith("Read from ")
        assert hint.endswith(f". {way}")


@pytest.mark.parametrize(("known", "cause"), _CAUSES.items())
def test_hints_name_the_likely_cause(known, cause):
    kind, attribute = known
    key = FactKey(kind, "t", "", attribute)
    told = f" Likely cause: {cause}."
    assert hint_for(key, "unexpected" if kind in ("trigger", "rule") else "missing").endswith(told)
    # A cause of absence explains nothing that is there, nor the other way round.
    other = hint_for(key, "missing" if kind in ("trigger", "rule") else "unexpected")
    assert other.endswith(told) is (attribute != EXISTS)
    assert hint_for(key, "different").endswith(told) is (
        attribute != EXISTS or kind not in ("trigger", "rule")
    )


def test_an_index_that_timescaledb_makes_has_a_cause_of_its_own():
    made, named = FactKey("index", "t", "<i>", EXISTS), FactKey("index", "t", "i", EXISTS)
    assert hint_for(made, "missing") == f"Read from pg_index. Likely cause: {_NO_DEFAULT_INDEX}."
    assert hint_for(named, "missing") == f"Read from pg_index. {CREATE}"
    assert hint_for(made, "unexpected") == f"Read from pg_index. {DECLARE}"
    unnamed = FactKey("unique", "t", "<u>", EXISTS)
    assert hint_for(unnamed, "missing") == f"Read from pg_constraint. {CREATE}"
