"""Two made-up sets of facts, and the result of their comparison."""

from __future__ import annotations

import pytest

from conformance.comparing.capabilities import NO_AGGREGATES, REASONS, Capabilities
from conformance.comparing.comparison import compare, match_unnamed
from conformance.comparing.facts import EXISTS, AtLeast, Default, Expression, FactKey, OneOf, Query
from conformance.comparing.findings import Finding, NotChecked

COMMUNITY = Capabilities(community_edition=True)
APACHE = Capabilities()

EXTENSION = FactKey("extension", "timescaledb", "", EXISTS)
EDITION = FactKey("extension", "timescaledb", "", "edition")
TABLE = FactKey("table", "t", "", EXISTS)
HYPERTABLE = FactKey("hypertable", "t", "", EXISTS)
CHUNKS = FactKey("hypertable", "t", "", "chunk_interval")
SEGMENTS = FactKey("compression", "t", "", "segment_by")
POLICY = FactKey("policy", "t", "retention", "drop_after")
SETTINGS = FactKey("chunk", "t", "", "other_compression_settings")
JOB = FactKey("job", "public.tidy", "", "schedule_interval")
INTEGER_NOW = FactKey("hypertable", "t", "", "integer_now")


def test_both_sides_agree():
    facts = {TABLE: True, CHUNKS: "7 days"}
    compared = compare(facts, dict(facts), COMMUNITY)
    assert set(compared.conforming) == {TABLE, CHUNKS}
    assert (compared.findings, compared.consequences, compared.not_checked, compared.names) == (
        {}, {}, {}, {},
    )  # fmt: skip


def test_a_truth_is_no_number():
    for expected, observed in ((True, 1), (0, False)):
        compared = compare(
            {TABLE: True, CHUNKS: expected}, {TABLE: True, CHUNKS: observed}, COMMUNITY
        )
        assert [*compared.findings] == [CHUNKS]


def test_another_comment_is_a_warning():
    comment = FactKey("comment", "t", "", "text")
    differing = {TABLE: True, CHUNKS: 1, comment: "x"}, {TABLE: True, CHUNKS: 2, comment: "y"}
    found = compare(*differing, COMMUNITY).findings
    assert {key: item.severity for key, item in found.items()} == {
        CHUNKS: "error", comment: "warning",
    }  # fmt: skip
    assert found[comment].message == "comment of t: text is y, the models declare x"
    assert found[comment].hint.startswith("Read from pg_description.")


def test_a_value_that_differs_is_a_finding_with_both_values():
    compared = compare({TABLE: True, CHUNKS: ("a", 1)}, {TABLE: True, CHUNKS: ("b",)}, COMMUNITY)
    assert compared.conforming == (TABLE,)
    assert compared.findings == {
        CHUNKS: Finding(
            id="hypertable:t:chunk_interval",
            kind="hypertable",
            object="t",
            attribute="chunk_interval",
            disagreement="different",
            expected=["a", 1],
            observed=["b"],
            message="hypertable t: chunk interval is (b), the models declare (a, 1)",
            hint=compared.findings[CHUNKS].hint,
        )
    }
    assert compared.findings[CHUNKS].hint.startswith(
        "Read from timescaledb_information.dimensions. Likely cause: create_hypertable("
    )


@pytest.mark.parametrize(
    ("expected", "observed", "disagreement", "values"),
    [
        ({TABLE: True}, {}, "missing", (True, None)),
        ({}, {TABLE: True}, "unexpected", (None, True)),
        ({TABLE: True}, {TABLE: False}, "different", (True, False)),
        # None is a value: it is not the same as no fact.
        ({TABLE: None}, {}, "missing", (None, None)),
        ({}, {TABLE: None}, "unexpected", (None, None)),
    ],
)
def test_each_side_may_lack_a_fact(expected, observed, disagreement, values):
    (finding,) = compare(expected, observed, COMMUNITY).findings.values()
    assert finding.disagreement == disagreement
    assert (finding.expected, finding.observed) == values
    assert finding.message.startswith("table t: ")


def test_none_on_both_sides_agrees():
    assert compare({TABLE: None}, {TABLE: None}, COMMUNITY).conforming == (TABLE,)


def test_a_default_holds_where_the_database_says_nothing():
    fill = FactKey("storage", "t", "", "fillfactor")
    expected = {TABLE: True, fill: Default("100")}
    assert set(compare(expected, {TABLE: True}, COMMUNITY).conforming) == {TABLE, fill}
    (finding,) = compare(expected, {TABLE: True, fill: "70"}, COMMUNITY).findings.values()
    assert (finding.expected, finding.observed) == ("100", "70")


def test_what_follows_from_a_finding_is_a_consequence_of_it():
    expected = {TABLE: True, HYPERTABLE: True, CHUNKS: "7 days", SEGMENTS: ("a",)}
    compared = compare(expected, {}, COMMUNITY)
    assert list(compared.findings) == [TABLE]
    assert compared.consequences == dict.fromkeys(
        (HYPERTABLE, CHUNKS, SEGMENTS), compared.findings[TABLE]
    )


def test_the_nearest_cause_is_the_one_that_is_named():
    expected = {TABLE: True, HYPERTABLE: True, CHUNKS: "7 days"}
    compared = compare(expected, {TABLE: True}, COMMUNITY)
    assert compared.consequences == {CHUNKS: compared.findings[HYPERTABLE]}


def test_what_agrees_can_be_a_consequence_too():
    compared = compare({EXTENSION: True, TABLE: True}, {TABLE: True}, COMMUNITY)
    assert list(compared.findings) == [EXTENSION]
    assert compared.conforming == ()
    assert list(compared.consequences) == [TABLE]


def test_findings_come_causes_first_then_by_table():
    keys = [FactKey(kind, table, "", "any") for kind in ("table", "index") for table in "ab"]
    compared = compare(dict.fromkeys(reversed(keys), 1), dict.fromkeys(keys, 2), COMMUNITY)
    assert list(compared.findings) == keys


@pytest.mark.parametrize("attribute", ["segment_by", "order_by"])
def test_settings_of_chunks_are_compared_with_those_of_the_hypertable(attribute):
    """If these are wrong, the chunks may be right."""
    key = SEGMENTS._replace(attribute=attribute)
    compared = compare({key: ("a",), SETTINGS: ()}, {key: (), SETTINGS: ("one",)}, COMMUNITY)
    assert list(compared.findings) == [key]
    assert compared.consequences == {SETTINGS: compared.findings[key]}
    other = SEGMENTS._replace(attribute="sparse_indexes")
    compared = compare({other: ("a",), SETTINGS: ()}, {other: (), SETTINGS: ("one",)}, COMMUNITY)
    assert list(compared.findings) == [other, SETTINGS]


@pytest.mark.parametrize("key", [SEGMENTS, POLICY, EDITION, SETTINGS, JOB, INTEGER_NOW])
def test_the_apache_edition_cannot_decide_it(key):
    reason = REASONS["community_edition"]
    for observed in ({}, {key: 1}, {key: 2}):
        compared = compare({key: 1}, observed, APACHE)
        assert compared.not_checked == {key: NotChecked(key.id, reason)}
        assert (compared.conforming, compared.findings) == ((), {})
    assert compare({key: 1}, {key: 1}, COMMUNITY).conforming == (key,)
    assert list(compare({key: 1}, {}, COMMUNITY).findings) == [key]


def test_the_apache_edition_has_no_continuous_aggregates():
    key = FactKey("continuous_aggregate", "t", "", "bucket")
    for observed in ({}, {key: 2}):
        compared = compare({key: 1}, observed, APACHE)
        assert compared.not_checked == {key: NotChecked(key.id, NO_AGGREGATES)}


@pytest.mark.parametrize(
    "key", [TABLE, CHUNKS, FactKey("chunk", "t", "", "alterations"), EXTENSION]
)
def test_the_apache_edition_decides_it(key):
    assert compare({key: 1}, {key: 1}, APACHE).conforming == (key,)
    assert list(compare({key: 1}, {key: 2}, APACHE).findings) == [key]


def test_what_is_not_checked_comes_causes_first():
    keys = [SEGMENTS, POLICY, SETTINGS]
    compared = compare(dict.fromkeys(reversed(keys), 1), {}, APACHE)
    assert list(compared.not_checked) == keys


def objects(kind, *named, table="t"):
    """Facts of objects: a name and its attributes each."""
    return {
        FactKey(kind, table, name, attribute): value
        for name, attributes in named
        for attribute, value in attributes.items()
    }


def names(expected, observed):
    """What each object that was promised without a name is found under."""
    return {key.name: found.name for key, found in match_unnamed(expected, observed).items()}


def unique(*columns):
    return {EXISTS: True, "columns": columns, "nulls": "distinct"}


def test_an_unnamed_object_is_found_by_its_definition():
    expected = objects("unique", ("<t_a_key>", unique("a")), ("<t_b_key>", unique("b")))
    observed = objects("unique", ("one", unique("b")), ("two", unique("a")))
    assert names(expected, observed) == {"<t_a_key>": "two", "<t_b_key>": "one"}
    compared = compare(expected, observed, COMMUNITY)
    assert compared.findings == {}
    assert set(compared.conforming) == set(observed)
    assert compared.names == match_unnamed(expected, observed)
    assert "<t_a_key>" in {key.name for key in expected}, "the caller's facts stay as they are"


def test_an_unnamed_constraint_is_made_once_with_the_same_one_that_has_a_name():
    expected = objects("unique", ("<t_a_key>", unique("a")), ("uq", unique("a")))
    made_once = objects("unique", ("uq", unique("a")))
    assert compare(expected, made_once, COMMUNITY).findings == {}
    added_later = objects("unique", ("uq", unique("a")), ("t_a_key", unique("a")))
    assert compare(expected, added_later, COMMUNITY).findings == {}
    another = objects("unique", ("uq", unique("b")))
    assert {key.id for key in compare(expected, another, COMMUNITY).findings} == {
        "unique:t.uq:columns"
    }
    other_nulls = objects("unique", ("<t_a_key>", {**unique("a"), "nulls": "not distinct"}))
    both = {**other_nulls, **made_once}
    assert {key.id for key in compare(both, made_once, COMMUNITY).findings} == {
        "unique:t.t_a_key:exists"
    }


def test_a_unique_constraint_that_the_primary_key_is_as_well_may_be_missing():
    key = {EXISTS: True, "columns": ("a",), "include": (), "deferrable": "no"}
    whole = {**key, "nulls": "distinct"}
    primary = objects("primary_key", ("", key))
    both = {**primary, **objects("unique", ("uq", whole))}
    assert compare(both, both, COMMUNITY).findings == {}
    assert compare(both, primary, COMMUNITY).findings == {}
    found_later = {**primary, **objects("unique", ("t_a_key", whole))}
    unnamed = {**primary, **objects("unique", ("<t_a_key>", whole))}
    assert compare(unnamed, found_later, COMMUNITY).findings == {}
    assert compare(unnamed, primary, COMMUNITY).findings == {}
    deferrable = {**whole, "deferrable": "initially deferred"}
    another = {**primary, **objects("unique", ("t_a_key", whole), ("later", deferrable))}
    assert (
        compare(
            another, {**primary, **objects("unique", ("later", deferrable))}, COMMUNITY
        ).findings
        == {}
    )
    for other in ({"columns": ("a", "b")}, {"deferrable": "initially deferred"}, {"include": "b"}):
        another = {**primary, **objects("unique", ("uq", {**whole, **other}))}
        assert {key.id for key in compare(another, primary, COMMUNITY).findings} == {
            "unique:t.uq:exists"
        }
    nulls = {**primary, **objects("unique", ("uq", {**whole, "nulls": "not distinct"}))}
    assert [key.id for key in compare(nulls, primary, COMMUNITY).findings] == ["unique:t.uq:exists"]


def test_one_of_equal_unique_constraints_is_enough():
    expected = objects(
        "unique", ("uq", unique("a")), ("again", unique("a")), ("<t_a>", unique("a"))
    )
    for made in ("uq", "again", "t_a", "another"):
        one = objects("unique", (made, unique("a")))
        assert compare(expected, one, COMMUNITY).findings == {}
    renamed = objects("unique", ("uq", unique("a")), ("again", unique("a")), ("x", unique("a")))
    assert compare(expected, renamed, COMMUNITY).findings == {}
    one_more = {**renamed, **objects("unique", ("y", unique("a")))}
    assert [key.name for key in compare(expected, one_more, COMMUNITY).findings] == ["y"]
    other = objects("unique", ("z", unique("b")))
    assert [key.name for key in compare(expected, other, COMMUNITY).findings] == ["uq", "z"]


def test_all_attributes_are_renamed_and_what_else_differs_is_a_finding():
    expected = objects("unique", ("<t_a_key>", unique("a")))
    observed = objects("unique", ("uq", {**unique("a"), "nulls": "not distinct"}))
    assert len(match_unnamed(expected, observed)) == 3
    (finding,) = compare(expected, observed, COMMUNITY).findings.values()
    assert finding.id == "unique:t.uq:nulls"


def test_of_several_of_the_same_definition_it_is_the_usual_name_or_the_first():
    expected = objects("unique", ("<m>", unique("a")))
    for others in ("am", "ma", "mz"):
        observed = objects("unique", *((name, unique("a")) for name in others))
        assert names(expected, observed) == {"<m>": "m"}
    observed = objects("unique", ("z", unique("a")), ("b", unique("a")))
    assert names(expected, observed) == {"<m>": "b"}


def test_an_altered_one_is_found_by_the_usual_name():
    expected = objects("unique", ("<uq>", unique("a")))
    assert names(expected, objects("unique", ("uq", unique("b")))) == {"<uq>": "uq"}
    assert names(expected, objects("unique", ("other", unique("b")))) == {}


def test_a_definition_goes_before_a_name():
    expected = objects("unique", ("<x>", unique("a")), ("<y>", unique("b")))
    # What is called x is what y should be.
    observed = objects("unique", ("x", unique("b")))
    assert names(expected, observed) == {"<y>": "x"}


def test_an_object_is_found_once_only():
    expected = objects("unique", ("<x>", unique("a")), ("<y>", unique("a")))
    assert names(expected, objects("unique", ("k", unique("a")))) == {"<x>": "k"}


def test_what_is_promised_by_its_name_is_nobody_elses():
    index = {EXISTS: True, "columns": ("a",), "predicate": None, "unique": False}
    expected = objects("index", ("<x>", index), ("k", index))
    assert names(expected, objects("index", ("k", index))) == {}


def test_only_objects_of_the_same_kind_and_table_are_looked_at():
    expected = objects("unique", ("<x>", unique("a")))
    observed = objects("unique", ("k", unique("a")), table="u")
    observed |= objects("index", ("k", unique("a")))
    assert names(expected, observed) == {}


@pytest.mark.parametrize(
    ("kind", "definition"),
    [
        ("unique", {"columns": ("a",)}),
        ("foreign_key", {"columns": ("a",), "references": "u"}),
        ("check", {"expression": "a > 0"}),
        ("exclusion", {"columns": ("a",), "operators": ("=",), "predicate": None}),
        ("index", {"columns": ("a",), "predicate": None, "unique": True}),
    ],
)
def test_each_part_of_a_definition_counts(kind, definition):
    expected = objects(kind, ("<x>", {EXISTS: True, **definition}))
    assert names(expected, objects(kind, ("k", {**definition, "other": 1}))) == {"<x>": "k"}
    for part in definition:
        assert names(expected, objects(kind, ("k", {**definition, part: "else"}))) == {}


def test_a_definition_may_accept_several_values():
    expected = objects("check", ("<x>", {"expression": OneOf(("a > 0", "0 < a"))}))
    assert names(expected, objects("check", ("k", {"expression": "0 < a"}))) == {"<x>": "k"}


def test_every_unnamed_object_is_looked_for_whatever_was_found_before():
    expected = objects("unique", ("<x>", unique("a")), ("<y>", unique("b")))
    observed = objects("unique", ("k", unique("a")), ("y", unique("c")))
    assert names(expected, observed) == {"<x>": "k", "<y>": "y"}


def test_the_job_that_is_left_is_the_same_with_another_config():
    expected = objects("job", ("<1>", {EXISTS: True, "config": "{}", "schedule_interval": 1}))
    others = [(name, {"config": name, "schedule_interval": 2}) for name in "ba"]
    assert names(expected, objects("job", *others)) == {"<1>": "a"}
    assert names(expected, {}) == {}


def test_the_refresh_that_is_left_is_the_same_of_another_window():
    def window(start):
        return {EXISTS: True, "start_offset": start, "end_offset": 1}

    expected = objects("policy", ("<refresh 1>", window(7)))
    others = [(name, window(9)) for name in ("compression", "refresh b", "refresh a")]
    assert names(expected, objects("policy", *others)) == {"<refresh 1>": "refresh a"}
    assert names(expected, objects("policy", *others[:1])) == {}
    # Nothing else is taken for what it is not.
    index = objects("index", ("<refresh>", {"columns": ("a",), "predicate": None, "unique": True}))
    assert names(index, objects("index", ("refresh a", {"columns": ("b",)}))) == {}


VIEW = FactKey("materialized_view", "t", "", EXISTS)


@pytest.mark.parametrize(
    ("expected", "observed", "key", "message", "way"),
    [
        (
            {TABLE: True}, {VIEW: True}, TABLE,
            "table t: is a materialized view in the database, the models declare a table",
            "or create the table in a migration.",
        ),
        (
            {VIEW: True}, {TABLE: True}, TABLE,
            "table t: is a table in the database, the models declare a materialized view",
            "or create the materialized view in a migration.",
        ),
        # Another relation has nothing to do with it, nor has what is said of one.
        (
            {TABLE: True}, {VIEW._replace(table="u"): True}, TABLE,
            "table t: is missing, the models declare it",
            "or drop it from the models.",
        ),
        (
            {HYPERTABLE: True}, {VIEW: True}, HYPERTABLE,
            "hypertable t: is missing, the models declare it",
            "",
        ),
        (
            {TABLE: True, TABLE._replace(attribute="owner"): 1},
            {TABLE: True, VIEW._replace(attribute="owner"): 1},
            TABLE._replace(attribute="owner"),
            "table t: owner is not set, the models declare 1",
            "",
        ),
    ],
    ids=range(5),
)  # fmt: skip
def test_a_name_may_be_that_of_another_kind_of_relation(expected, observed, key, message, way):
    finding = compare(expected, observed, COMMUNITY).findings[key]
    assert finding.message == message
    assert finding.hint.endswith(way)


DEFINITION = FactKey("view", "t", "", "definition")


@pytest.mark.parametrize(
    ("expected", "observed", "reason"),
    [
        (
            Query("a", "one"),
            Query("b", "other", refused="no primary key"),
            "no primary key",
        ),
        (
            Query("a", "one", ("LIMIT 1", "DISTINCT ON (a)", "OVER w")),
            Query("a", "other", ("OVER w", "LIMIT 2")),
            "these clauses are written differently, and a plan does not show them: "
            "DISTINCT ON (a), LIMIT 1, LIMIT 2",
        ),
        (Query("a", "one"), Query("b", "other"), None),
        (Query("a", "one", ("LIMIT 1",)), Query("b", "other"), None),
        (
            Expression("a", "a"),
            Expression("b", "b", "a function of the database"),
            "a function of the database",
        ),
        (Expression("a", "a", "the same"), Expression("b", "b"), "the same"),
        (Expression("a", "a"), Expression("b", "b"), None),
        ("a", Expression("b", "b", "no"), None),
        ("a", Query("b", "other", refused="no"), None),
        (Query("a", "one"), "b", None),
    ],
    ids=range(10),
)
def test_queries_that_may_be_the_same(expected, observed, reason):
    compared = compare({DEFINITION: expected}, {DEFINITION: observed}, COMMUNITY)
    if reason is None:
        assert (set(compared.findings), compared.not_checked) == ({DEFINITION}, {})
    else:
        assert compared.findings == {}
        assert compared.not_checked == {DEFINITION: NotChecked(DEFINITION.id, reason)}


def test_a_query_that_agrees_is_decided():
    query = Query("a", "one", refused="no")
    other = FactKey("view", "u", "", "definition")
    compared = compare(
        {DEFINITION: query, other: Query("a", "x")},
        {DEFINITION: query, other: Query("b", "y")},
        COMMUNITY,
    )
    assert (compared.conforming, compared.not_checked) == ((DEFINITION,), {})
    assert set(compared.findings) == {other}


def test_a_version_or_a_later_one():
    key = FactKey("extension", "timescaledb", "", "version")
    assert compare({key: AtLeast("2.17")}, {key: "2.23.0-dev"}, COMMUNITY).conforming == (key,)
    (finding,) = compare({key: AtLeast("2.17")}, {key: "2.16.1"}, COMMUNITY).findings.values()
    assert finding.expected == "2.17 or later"
