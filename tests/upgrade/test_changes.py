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
