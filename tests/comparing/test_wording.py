"""Two databases against each other: what is expected, what is judged, and the words for it."""

from __future__ import annotations

import pytest

from conformance.comparing.capabilities import Capabilities
from conformance.comparing.comparison import compare
from conformance.comparing.facts import EXISTS, Detail, FactKey, OwnedBy, Owner
from conformance.comparing.wording import MODELS, OTHER_DATABASE, expected_of

CURVES = FactKey("table", "curves", "", EXISTS)
OWNER = CURVES._replace(attribute="owner")
CHUNK = FactKey("hypertable", "curves", "", "chunk_interval")
FUNCTION = FactKey("function", "one()", "", EXISTS)
SEQUENCE = FactKey("sequence", "curves_id_seq", "", EXISTS)
GRANT = FactKey("privilege", "curves", "reader", EXISTS)
PUBLIC = FactKey("privilege", "one()", "PUBLIC", EXISTS)
CATALOG = FactKey("catalog", "pg_new", "", EXISTS)
VIEW = FactKey("view", "curves", "", EXISTS)


def database(*left_out, **changed):
    facts = {
        CURVES: True,
        OWNER: Owner("desk", "desk"),
        CHUNK: "30 days",
        FUNCTION: Detail("sql"),
        SEQUENCE: Detail("of curves", part=True),
        SEQUENCE._replace(attribute="start"): 1,
        GRANT: Detail("SELECT"),
        PUBLIC: Detail("EXECUTE", judged=False),
        CATALOG: Detail("unknown"),
    }
    facts = {key: value for key, value in facts.items() if key.existence not in left_out}
    return {**facts, **{{"owner": OWNER, "chunk": CHUNK}[k]: v for k, v in changed.items()}}


def against(observed, other):
    return compare(
        expected_of(other), observed, Capabilities(community_edition=True),
        reference=OTHER_DATABASE,
    )  # fmt: skip


def test_what_another_database_is_expected_to_have():
    expected = expected_of(database())
    assert expected[FUNCTION] is True
    assert expected[GRANT] is True
    # The usual owner may have another name in each database.
    assert expected[OWNER] == OwnedBy(None)
    assert expected_of(database(owner=Owner("boss", "desk")))[OWNER] == OwnedBy("boss")
    # A part is a matter of its whole; what is never judged and what is unknown are no matter.
    for key in (SEQUENCE, SEQUENCE._replace(attribute="start"), PUBLIC, CATALOG):
        assert key not in expected


def test_where_an_attribute_is_read():
    size = CHUNK._replace(attribute="chunk_target_size")
    assert OTHER_DATABASE.hint(size, "different", None).startswith(
        "Read from _timescaledb_catalog.hypertable in both databases. "
    )


def test_equal_databases_conform():
    comparison = against(database(), database(owner=Owner("prod", "prod")))
    assert comparison.findings == {}
    assert set(comparison.conforming) == {CURVES, OWNER, CHUNK, FUNCTION, GRANT}


@pytest.mark.parametrize("key", [FUNCTION, GRANT])
def test_what_models_leave_unjudged_is_judged_in_both_directions(key):
    here = against(database(), database(key)).findings
    there = against(database(key), database()).findings
    assert [item.disagreement for item in here.values()] == ["unexpected"]
    assert [item.disagreement for item in there.values()] == ["missing"]
    unjudged = compare(expected_of(database(key)), database(), Capabilities(community_edition=True))
    assert unjudged.findings == {}


@pytest.mark.parametrize("key", [SEQUENCE, PUBLIC, CATALOG])
def test_what_is_no_object_of_its_own_is_not_judged(key):
    assert against(database(), database(key)).findings == {}
    assert against(database(key), database()).findings == {}


def words(key, disagreement, expected=None, observed=None, instead=None):
    return (
        OTHER_DATABASE.message(key, disagreement, expected, observed, instead),
        OTHER_DATABASE.hint(key, disagreement, instead),
    )


def test_the_words():
    assert words(CHUNK, "different", "30 days", "7 days") == (
        "hypertable curves: chunk interval is 7 days, the other database has 30 days",
        "Read from timescaledb_information.dimensions in both databases. Find out which database "
        "is right, and change the other one in a migration.",
    )
    assert words(CURVES, "missing", expected=True) == (
        "table curves: is missing, the other database has it",
        "Read from pg_class in both databases. Run the migrations in this database, or drop it in "
        "the other one.",
    )
    assert words(FUNCTION, "unexpected", observed=Detail("sql")) == (
        "function one(): is in this database, the other database does not have it (sql)",
        "Read from pg_proc in both databases. Run the migrations in the other database, or drop "
        "it in this one.",
    )
    assert words(CURVES, "unexpected", observed=True)[0] == (
        "table curves: is in this database, the other database does not have it"
    )


@pytest.mark.parametrize(
    ("disagreement", "expected", "observed", "sentence"),
    [
        ("missing", "a", None, "owner is not set, the other database has a"),
        ("unexpected", None, "b", "owner is b, the other database has none"),
        ("different", (), ("x",), "owner is (x), the other database has none"),
        ("different", ("x",), (), "owner is none, the other database has (x)"),
    ],
)
def test_the_words_about_an_attribute(disagreement, expected, observed, sentence):
    message, _ = words(OWNER, disagreement, expected, observed)
    assert message == f"table curves: {sentence}"


def test_another_kind_of_relation():
    assert words(CURVES, "missing", True, None, "view")[0] == (
        "table curves: is a view, the other database has a table"
    )
    assert words(VIEW, "unexpected", None, True, "table")[0] == (
        "view curves: is a view, the other database has a table"
    )


def test_models_are_a_part_of_a_database():
    assert (MODELS.whole, OTHER_DATABASE.whole) == (False, True)
    assert "the models declare it" in MODELS.message(CURVES, "missing", True, None, None)
