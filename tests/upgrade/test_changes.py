"""What two states differ in, and what that means: no database needed."""

from __future__ import annotations

import pytest

from conformance.comparing.capabilities import Server
from conformance.upgrade.changes import compare_states
from conformance.upgrade.report import AFRESH, IN_PLACE, KINDS, RESTORED
from conformance.upgrade.state import State, Subject, Unreadable

INTERVAL = Subject("hypertable", "prices", "chunk_interval")
TABLE = Subject("table", "prices", "exists")
ROWS = Subject("rows", "prices")
CLOSE = Subject("values", "prices", "close")
CHUNKS = Subject("chunks", "prices")
POLICY = Subject("policy-name", "prices.compression")
JOB = Subject("own-job", "policy_telemetry")
VERSION = Subject("extension", "timescaledb", "version")

BEFORE = {
    TABLE: True,
    INTERVAL: "30 days",
    ROWS: 8,
    CLOSE: 123,
    CHUNKS: ("2024-01-01: compressed", "2024-02-01: plain"),
    POLICY: "Compression Policy",
    JOB: "{}",
    VERSION: "2.17.2",
}
GONE = object()


def state(values, disagreements=()):
    values = {subject: value for subject, value in values.items() if value is not GONE}
    return State(Server("17.1", "2.20.0", "community"), values, dict.fromkeys(disagreements, "no"))


def changes(*, disagreements=(), copied=False, volatile=(), **ways):
    """What is found where a way's state is that from before with some values replaced."""
    after = {
        {"in_place": IN_PLACE, "restored": RESTORED, "afresh": AFRESH}[way]: state(
            {**BEFORE, **values}, disagreements
        )
        for way, values in ways.items()
    }
    return compare_states(state(BEFORE), after, copied=copied, volatile=volatile)


def found(**arguments):
    return [(change.kind, change.subject) for change in changes(**arguments).changes]


def test_nothing_changes():
    compared = changes(in_place={}, restored={}, afresh={})
    assert compared.changes == ()
    assert (compared.unchanged.rows, compared.unchanged.columns, compared.unchanged.facts) == (
        8,
        1,
        5,
    )


def test_the_new_version_is_what_an_upgrade_is_for():
    new = {VERSION: "2.20.0"}
    assert found(in_place=new, restored=new, afresh=new) == []


@pytest.mark.parametrize(
    ("ways", "expected"),
    [
        ({"in_place": {ROWS: 7, CLOSE: 99}, "restored": {}, "afresh": {}}, "lost"),
        ({"in_place": {}, "restored": {ROWS: Unreadable("no")}, "afresh": {}}, "lost"),
        ({"in_place": {ROWS: 9, CLOSE: 99}, "restored": {}, "afresh": {}}, "added"),
        ({"in_place": {}, "restored": {}, "afresh": {ROWS: 7, CLOSE: 99}}, "not-fresh"),
    ],
    ids=["fewer", "unreadable", "more", "fewer afresh"],
)
def test_rows(ways, expected):
    """The number of rows says it all: their values differ as a consequence."""
    assert found(**ways) == [(expected, "rows:prices")]


def test_a_value():
    assert found(in_place={CLOSE: 99}, restored={}, afresh={}) == [
        ("altered", "values:prices:close")
    ]


def test_a_value_is_compared_on_the_ways_that_have_all_rows():
    assert found(in_place={ROWS: 7, CLOSE: 99}, restored={CLOSE: 98}, afresh={}) == [
        ("lost", "rows:prices"),
        ("altered", "values:prices:close"),
    ]


def test_values_of_the_moment_are_not_compared_with_those_of_another_moment():
    assert found(in_place={}, restored={}, afresh={CLOSE: 99}, volatile={CLOSE}) == []
    assert found(in_place={CLOSE: 99}, restored={}, afresh={}, volatile={CLOSE}) == [
        ("altered", "values:prices:close")
    ]


@pytest.mark.parametrize(
    ("ways", "disagreements", "expected"),
    [
        ({"in_place": {INTERVAL: "7 days"}, "afresh": {}}, (), "altered"),
        ({"in_place": {INTERVAL: GONE}, "afresh": {}}, (), "lost"),
        ({"in_place": {INTERVAL: GONE}, "afresh": {INTERVAL: GONE}}, (), "lost"),
        ({"in_place": {}, "afresh": {INTERVAL: "7 days"}}, (), "not-fresh"),
        (
            {"in_place": {INTERVAL: "7 days"}, "afresh": {INTERVAL: "7 days"}},
            (),
            "changed-by-timescaledb",
        ),
        (
            {"in_place": {INTERVAL: "7 days"}, "afresh": {INTERVAL: "7 days"}},
            (INTERVAL,),
            "altered",
        ),
    ],
    ids=["altered", "gone", "gone everywhere", "fresh differs", "all alike", "models disagree"],
)
def test_a_fact(ways, disagreements, expected):
    assert found(disagreements=disagreements, **ways) == [
        (expected, "hypertable:prices:chunk_interval")
    ]


def test_a_new_fact():
    new = Subject("policy", "prices.retention", "exists")
    assert found(in_place={new: True}, afresh={}) == [("added", "policy:prices.retention:exists")]
    assert found(in_place={}, afresh={new: True}) == [
        ("not-fresh", "policy:prices.retention:exists")
    ]


def test_of_a_lost_table_nothing_else_is_told():
    gone = dict.fromkeys(BEFORE, GONE)
    assert found(in_place={**gone, JOB: "{}", POLICY: GONE}, afresh={}) == [
        ("lost", "table:prices:exists")
    ]


def test_one_is_not_true():
    """Python says that they are equal."""
    assert found(in_place={TABLE: 1}, afresh={})[0] == ("altered", "table:prices:exists")


@pytest.mark.parametrize(
    ("copied", "ways", "expected"),
    [
        (True, {"in_place": {}, "afresh": {}}, "not-carried"),
        (False, {"in_place": {}, "afresh": {}}, "altered"),
    ],
)
def test_copied_rows_lie_in_plain_chunks(copied, ways, expected):
    plain = {CHUNKS: ("2024-01-01: plain", "2024-02-01: plain")}
    assert found(copied=copied, restored=plain, **ways) == [(expected, "chunks:prices")]


def test_copied_rows_bring_no_schema_along():
    """It was made by the migration: it says what the new version does, not what is carried."""
    other = {INTERVAL: "7 days"}
    assert found(copied=True, in_place={}, restored=other, afresh=other) == [
        ("not-fresh", "hypertable:prices:chunk_interval")
    ]


def test_names_and_own_jobs_do_no_harm():
    new = {POLICY: "Columnstore Policy", JOB: GONE}
    compared = changes(in_place=new, restored=new, afresh=new)
    assert [change.kind for change in compared.changes] == ["renamed", "own-job"]
    assert not any(change.harmful for change in compared.changes)


def test_the_name_of_a_policy_that_is_gone_is_no_news():
    assert found(in_place={POLICY: GONE}, afresh={}) == []


@pytest.mark.parametrize(
    ("ways", "message"),
    [
        (
            {"in_place": {ROWS: 7}, "restored": {}, "afresh": {}},
            "rows of prices: 8 before, restored and afresh; 7 in place",
        ),
        (
            {"in_place": {ROWS: Unreadable("no such license")}, "afresh": {}},
            "rows of prices: 8 before and afresh; cannot be read: no such license in place",
        ),
        (
            {"in_place": {CLOSE: 9}, "afresh": {}},
            "values of prices.close: the same before and afresh; different in place",
        ),
        (
            {"in_place": {INTERVAL: "7 days"}, "afresh": {}},
            "hypertable prices, chunk interval: 30 days before and afresh; 7 days in place",
        ),
        (
            {"in_place": {TABLE: GONE}, "afresh": {}},
            "table prices: exists before and afresh; missing in place",
        ),
        (
            {"in_place": {CHUNKS: ("2024-01-01: plain",)}, "afresh": {}},
            "chunks of prices: 1 compressed, 1 plain before and afresh; 1 plain in place",
        ),
        (
            {"in_place": {CHUNKS: BEFORE[CHUNKS][::-1]}, "afresh": {}},
            "chunks of prices: (2024-01-01: compressed, 2024-02-01: plain) before and afresh; "
            "(2024-02-01: plain, 2024-01-01: compressed) in place",
        ),
        (
            {"in_place": {POLICY: "Columnstore Policy"}},
            "name of policy prices.compression: Compression Policy before; "
            "Columnstore Policy in place",
        ),
    ],
    ids=["rows", "unreadable", "values", "fact", "existence", "chunks", "order", "name"],
)
def test_messages(ways, message):
    assert [change.message for change in changes(**ways).changes] == [message]


def test_values_for_json():
    new = {ROWS: 7, INTERVAL: GONE, CHUNKS: ()}
    by_subject = {change.subject: change for change in changes(in_place=new).changes}
    rows, interval = by_subject["rows:prices"], by_subject["hypertable:prices:chunk_interval"]
    assert (rows.before, rows.after) == (8, {"in place": 7})
    assert (interval.before, interval.after) == ("30 days", {"in place": None})
    assert by_subject["chunks:prices"].after == {"in place": []}
    # Larger than the whole numbers of JavaScript.
    (values,) = changes(in_place={CLOSE: 2**70}).changes
    assert (values.before, values.after) == ("123", {"in place": str(2**70)})


def test_worst_first():
    new = {POLICY: "Columnstore Policy", ROWS: 7, INTERVAL: "7 days", JOB: GONE}
    kinds = [change.kind for change in changes(in_place=new, afresh={}).changes]
    assert kinds == sorted(kinds, key=list(KINDS).index)
    assert kinds[0] == "lost"


VIEW = Subject("materialized_view", "means", "exists")
DEFINITION = Subject("materialized_view", "means", "definition")


@pytest.mark.parametrize(
    ("to", "expected"), [("17.9", 1), ("17.9 (Debian 17.9-1.pgdg13+1)", 1), ("18.0", 0)]
)
def test_each_version_of_postgresql_writes_a_query_in_its_own_way(to, expected):
    """And whatever comes after the queries is compared all the same."""
    numbered = [Subject("view", f"v{number}", "definition") for number in range(20)]
    facts = {DEFINITION: "a", **dict.fromkeys(numbered, "a")}
    tables = {Subject("table", f"t{number}", "definition"): "a" for number in range(20)}
    columns = Subject("view", "v0", "columns")
    before = State(Server("17.1", "2.20", "community"), {**facts, **tables, columns: "a"})
    after = State(Server(to, "2.20", "community"), dict.fromkeys((*facts, *tables, columns), "b"))
    compared = compare_states(before, {IN_PLACE: after})
    assert {change.subject for change in compared.changes} == {
        *map(str, tables), str(columns), *(map(str, facts) if expected else ())
    }  # fmt: skip


def test_an_upgrade_over_several_versions_of_postgresql():
    values = {DEFINITION: "a"}
    states = [
        State(Server(version, "2.20", "community"), {DEFINITION: text})
        for version, text in (("16.1", "b"), ("17.1", "c"))
    ]
    before = State(Server("15.1", "2.20", "community"), values)
    compared = compare_states(before, dict(zip((IN_PLACE, RESTORED), states, strict=True)))
    assert compared.changes == ()


def test_restored_chunks_are_held_against_those_before_unless_rows_were_copied():
    plain = {CHUNKS: ("2024-01-01: plain", "2024-02-01: plain")}
    compared = compare_states(
        state(BEFORE), {IN_PLACE: state(BEFORE), RESTORED: state({**BEFORE, **plain})}
    )
    assert [change.kind for change in compared.changes] == ["altered"]


def test_what_no_state_after_has_is_no_news_of_the_moment():
    assert found(in_place={}, volatile={CLOSE}) == []
    assert found(afresh={CLOSE: 9}, volatile={CLOSE}) == []
    unchanged = changes(afresh={CLOSE: 9}, volatile={CLOSE}).unchanged
    assert (unchanged.rows, unchanged.columns) == (8, 0)


def test_a_new_name_of_a_policy_that_was_not_there_is_no_news():
    policy = Subject("policy-name", "prices.retention")
    before = {**BEFORE, policy: GONE}
    after = {IN_PLACE: state({**BEFORE, policy: "Retention Policy"})}
    assert compare_states(state(before), after).changes == ()


@pytest.mark.parametrize("kind", ["table", "view", "materialized_view", "continuous_aggregate"])
def test_of_a_lost_relation_nothing_else_is_told(kind):
    relation = Subject(kind, "t", "exists")
    others = [
        Subject("rows", "t"),
        Subject(kind, "t", "columns"),
        Subject("column", "t.a", "exists"),
        Subject("column", "t.a", "type"),
        Subject("index", "t.a", "exists"),
    ]
    apart = [Subject("column", "ts.a", "exists"), Subject("function", "f()", "exists")]
    before = state(dict.fromkeys((*others, *apart, relation), True))
    after = {IN_PLACE: state(dict.fromkeys(apart, True))}
    assert [change.subject for change in compare_states(before, after).changes] == [str(relation)]
    emptied = {IN_PLACE: state({})}
    assert {change.subject for change in compare_states(before, emptied).changes} == {
        str(subject) for subject in (relation, *apart)
    }


def test_of_a_lost_object_nothing_else_is_told():
    """Also where its name has colons, or another object was lost before it."""
    lost = [Subject("function", "f(a::b)", "exists"), Subject("function", "g()", "exists")]
    attributes = [subject._replace(attribute="volatility") for subject in lost]
    of_another = Subject("procedure", "g()", "volatility")
    altered = Subject("table", "t", "owner")
    before = state(dict.fromkeys((altered, *attributes, of_another, *lost), "x"))
    compared = compare_states(before, {IN_PLACE: state({altered: "y"})})
    assert {change.subject for change in compared.changes} == {
        str(subject) for subject in (altered, *lost, of_another)
    }


def test_an_attribute_that_is_altered_explains_no_other():
    one, two = (Subject("column", "t.a", attribute) for attribute in ("type", "nullable"))
    before, after = (state(dict.fromkeys((one, two), value)) for value in "ab")
    changed = compare_states(before, {IN_PLACE: after}).changes
    assert {change.subject for change in changed} == {str(one), str(two)}


def test_rows_that_could_not_be_counted_are_none():
    unreadable = Unreadable("no")
    unchanged = compare_states(
        state({ROWS: unreadable}), {IN_PLACE: state({ROWS: unreadable})}
    ).unchanged
    assert (unchanged.rows, unchanged.columns, unchanged.facts) == (0, 0, 0)


def test_what_cannot_be_counted_before_is_not_fewer_rows():
    before, after = state({ROWS: Unreadable("no")}), {IN_PLACE: state({ROWS: 3})}
    assert [change.kind for change in compare_states(before, after).changes] == ["added"]


@pytest.mark.parametrize(
    ("subject", "before", "after", "message"),
    [
        (CHUNKS, ("a: plain",), (), "chunks of prices: 1 plain before; none in place"),
        (CHUNKS, ("a: b: plain",), (), "chunks of prices: 1 b: plain before; none in place"),
        (
            Subject("row_security", "t", "is_on"),
            True,
            None,
            "row security t, is on: yes before; none in place",
        ),
        (
            Subject("setting", "x", "value"),
            "missing",
            GONE,
            "setting x, value: missing before; none in place",
        ),
        (
            Subject("index", "t.i", "exists"),
            "unique",
            True,
            "index t.i: unique before; exists in place",
        ),
    ],
)
def test_words(subject, before, after, message):
    (change,) = compare_states(
        state({subject: before}), {IN_PLACE: state({subject: after})}
    ).changes
    assert change.message == message
