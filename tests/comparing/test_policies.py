"""The rules over several objects, on facts that no database needs to have: every edge of an age.

policies.txt has all that they say, word by word. After a change of words on purpose,
`SAY_ANEW=1 pytest tests/comparing/test_policies.py` writes it anew.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from conformance.comparing.capabilities import Capabilities
from conformance.comparing.codes import SEVERITIES
from conformance.comparing.comparison import compare
from conformance.comparing.facts import EXISTS, UNBOUNDED, UNREADABLE, FactKey
from conformance.comparing.policies.circumstances import (
    Circumstances,
    IntegerTime,
    Job,
    Late,
    Numbers,
    Runs,
)
from conformance.comparing.policies.codes import POLICY_CODES
from conformance.comparing.policies.rules import broken_rules
from conformance.comparing.verdict import EngineUsed, Verdict
from conformance.intervals import Interval


def age(value):
    return Interval.parse(value) if isinstance(value, str) and value != UNBOUNDED else value


def policy(table, name, **attributes):
    return {
        FactKey("policy", table, name, attribute): age(value)
        for attribute, value in {EXISTS: True, **attributes}.items()
    }


def refresh(table, start, end, every="1 hour", name="refresh"):
    offsets = {"start_offset": start, "end_offset": end}
    return policy(table, name, **offsets, schedule_interval=every)


def aggregate(name, source, bucket="1 day"):
    key = FactKey("continuous_aggregate", name, "", EXISTS)
    return {
        key: True,
        key._replace(attribute="source"): source,
        key._replace(attribute="bucket"): age(bucket),
    }


def hypertable(name, *, integer_now, chunk=1000):
    key = FactKey("hypertable", name, "", EXISTS)
    return {
        key: True,
        key._replace(attribute="integer_now"): integer_now,
        key._replace(attribute="chunk_interval"): chunk,
    }


DAILY = aggregate("daily", "flows")
NEW, OLD = ("refresh 3 days to 1 hour", "refresh 30 days to 3 days")


@pytest.mark.parametrize(
    ("older", "newer", "found"),
    [
        (("30 days", "3 days"), ("3 days", "1 hour"), []),
        (("30 days", "2 days"), ("3 days", "1 hour"), ["refresh-overlap:daily:3 days to 2 days"]),
        (("30 days", "4 days"), ("3 days", "1 hour"), ["refresh-gap:daily:3 days to 4 days"]),
        (
            ("30 days", "4 days"),
            (UNBOUNDED, "1 hour"),
            ["refresh-overlap:daily:unbounded to 4 days"],
        ),
        ((UNBOUNDED, "3 days"), ("3 days", UNBOUNDED), []),
        (
            ("30 days", UNBOUNDED),
            ("3 days", UNBOUNDED),
            ["refresh-overlap:daily:3 days to unbounded"],
        ),
        ((30, 3), (3, 1), []),
        ((30, 4), (3, 1), ["refresh-gap:daily:3 to 4"]),
    ],
)
def test_two_windows(older, newer, found):
    facts = {**DAILY, **refresh("daily", *older, name=OLD), **refresh("daily", *newer, name=NEW)}
    assert ids(facts) == found


TOO_RARE = ["refresh-too-rare:daily.refresh 3 days to 1 hour:schedule_interval"]


@pytest.mark.parametrize(
    ("start", "end", "every", "older", "found"),
    [
        ("3 days", "1 day", "1 day", None, []),
        ("3 days", "1 day", "1 day 1 second", None, TOO_RARE),
        ("3 days", UNBOUNDED, "2 days", None, []),
        ("3 days", UNBOUNDED, "2 days 1 second", None, TOO_RARE),
        (UNBOUNDED, "1 day", "1 year", None, []),
        (UNBOUNDED, UNBOUNDED, "1 year", None, []),
        (3, 1, "1 year", None, []),
        ("3 days", "1 day", "7 days", ("30 days", "3 days"), []),
        ("3 days", "1 day", "7 days", (UNBOUNDED, "3 days"), []),
        ("3 days", "1 day", "7 days", ("30 days", "4 days"),
         [*TOO_RARE, "refresh-gap:daily:3 days to 4 days"]),
        ("3 days", "1 day", "7 days", ("2 days", "1 hour"),
         [*TOO_RARE, "refresh-overlap:daily:2 days to 1 day"]),
    ],
)  # fmt: skip
def test_a_refresh_that_is_too_rare(start, end, every, older, found):
    facts = {**DAILY, **refresh("daily", start, end, every, name=NEW)}
    if older:
        facts |= refresh("daily", *older, "1 hour", name=OLD)
    assert ids(facts) == found


@pytest.mark.parametrize(
    ("time_type", "bucket", "every", "found"),
    [
        ("date", "1 day", "2 days", []),
        ("date", "1 day", "2 days 1 second", TOO_RARE),
        ("timestamp with time zone", "1 day", "2 days", TOO_RARE),
        ("timestamp with time zone", "1 hour", "47 hours", []),
        ("timestamp with time zone", "1 hour", "48 hours", TOO_RARE),
        ("timestamp with time zone", None, "2 days", []),
    ],
)
def test_a_run_takes_whole_buckets(time_type, bucket, every, found):
    """Also those of an aggregate of an aggregate, whose time is that of the hypertable."""
    hypertable = FactKey("hypertable", "flows", "", "time_type")
    first = aggregate("hourly", "flows", "1 hour")
    facts = {hypertable: time_type, **first, **aggregate("daily", "hourly", bucket)}
    facts |= refresh("daily", "3 days", "1 day", every, name=NEW)
    assert ids(facts) == found


def test_three_windows_are_compared_from_the_newest_on():
    facts = {
        **DAILY,
        **refresh("daily", "90 days", "31 days", name="refresh a"),
        **refresh("daily", "3 days", UNBOUNDED, name="refresh b"),
        **refresh("daily", "30 days", "3 days", name="refresh c"),
    }
    assert ids(facts) == ["refresh-gap:daily:30 days to 31 days"]


def test_windows_are_compared_by_their_ages_not_by_their_names():
    facts = {
        **DAILY,
        **refresh("daily", 30, 1, name="refresh a"),
        **refresh("daily", 1, 0, name="refresh b"),
    }
    assert ids(facts) == []


def ids(facts, circumstances=None):
    return [broken.key.id for broken in broken_rules(facts, circumstances or Circumstances())]


def test_an_aggregate_that_is_compressed_inside_its_own_refresh():
    """Newer versions of TimescaleDB let it be."""
    for start in ("30 days", UNBOUNDED):
        facts = {
            **DAILY,
            **refresh("daily", start, "1 hour"),
            **policy("daily", "compression", compress_after="7 days"),
        }
        assert ids(facts) == ["compression-in-refresh:daily.refresh:compression"]


@pytest.mark.parametrize("other", [30, None])
def test_ages_of_different_units_hide_no_other_table(other):
    facts = {
        **policy("flows", "retention", drop_after="1 day"),
        **policy("flows", "compression", compress_after=other),
        **policy("tides", "retention", drop_after="7 days"),
        **policy("tides", "compression", compress_after="7 days"),
    }
    assert ids(facts) == ["retention-before-compression:tides:drop_after"]


@pytest.mark.parametrize("other", [30, None])
def test_ages_of_different_units_are_not_compared(other):
    facts = {
        **DAILY,
        **refresh("daily", "30 days", "1 hour"),
        **policy("flows", "retention", drop_after=other),
        **policy("flows", "compression", compress_after="1 year"),
        **policy("daily", "compression", compress_after=other),
    }
    assert ids(facts) == []


def test_numbers_are_compared_with_numbers():
    facts = {
        **hypertable("flows", integer_now="latest"),
        **DAILY,
        **refresh("daily", 3000, 100),
        **policy("flows", "retention", drop_after=2000),
        **policy("flows", "compression", compress_after=3000),
    }
    assert ids(facts) == [
        "retention-in-refresh:daily.refresh:source_retention",
        "retention-before-compression:flows:drop_after",
    ]


def test_an_aggregate_of_an_aggregate_needs_the_time_of_the_table():
    facts = {
        **hypertable("flows", integer_now=None),
        **DAILY,
        **aggregate("weekly", "daily"),
        **refresh("weekly", 3000, 100),
        **policy("flows", "reorder"),
        **policy("daily", "retention", drop_created_before="1 day"),
    }
    (broken,) = broken_rules(facts, Circumstances())
    assert broken.message == (
        "hypertable flows: has no integer_now function, and each run of weekly.refresh fails"
    )


def test_an_aggregate_that_reads_from_itself_is_asked_once():
    facts = aggregate("daily", "hourly") | aggregate("hourly", "daily")
    assert ids(facts) == []


def test_an_aggregate_of_unknown_source_has_no_rules():
    facts = {**DAILY, **refresh("daily", "3 days", "1 hour", "7 days")}
    del facts[FactKey("continuous_aggregate", "daily", "", "source")]
    assert ids(facts) == []


def test_reordering_needs_no_time():
    """Nor does what goes by the creation of chunks."""
    facts = {
        **hypertable("flows", integer_now=None),
        **policy("flows", "reorder"),
        **policy("flows", "retention", drop_created_before="1 day"),
    }
    assert ids(facts) == []


def test_what_needs_no_time_does_not_hide_the_next():
    facts = {
        **policy("flows", "retention", drop_after=5),
        **hypertable("blocks", integer_now=None),
        **hypertable("flows", integer_now=None),
    }
    assert ids(facts) == ["integer-now-missing:flows:integer_now"]


@pytest.mark.parametrize(
    ("now", "newest", "is_far"),
    [
        (50_000, (49_000, 50_000), False),
        (60_000, (49_000, 50_000), False),
        (60_001, (49_000, 50_000), True),
        (39_000, (49_000, 50_000), False),
        (38_999, (49_000, 50_000), True),
        (38_999, None, False),
        (None, (49_000, 50_000), False),
    ],
)
def test_ten_chunks_are_far(now, newest, is_far):
    facts = {
        **hypertable("flows", integer_now="latest"),
        **policy("flows", "retention", drop_after=5),
    }
    time = IntegerTime("flows", "latest", now=now, newest=newest)
    found = ids(facts, Circumstances(integer_times=(time,)))
    assert found == (["integer-now-far:flows:integer_now"] if is_far else [])


def test_without_a_chunk_interval_the_ages_alone_are_far():
    facts = {
        **hypertable("flows", integer_now="latest", chunk=None),
        **policy("flows", "retention", drop_after=5),
    }
    for now, found in ((50_005, []), (50_006, ["integer-now-far:flows:integer_now"])):
        assert ids(facts, time(now)) == found


@pytest.mark.parametrize(
    "policies",
    [
        policy("s.flows", "retention", drop_after=100_000),
        policy("s.flows", "compression", compress_after=100_000),
        {**aggregate("s.daily", "s.flows"), **refresh("s.daily", 100_000, 100)},
        {**policy("s.flows", "retention", drop_after=100_000),
         **policy("s.flows", "compression", compress_after=7)},
    ],
)  # fmt: skip
def test_the_age_of_a_policy_is_not_far(policies):
    facts = {**hypertable("s.flows", integer_now="latest"), **policies}
    for now, found in ((150_000, []), (150_001, ["integer-now-far:s.flows:integer_now"])):
        time = IntegerTime("s.flows", "latest", now=now, newest=(49_000, 50_000))
        assert ids(facts, Circumstances(integer_times=(time,))) == found


COMPRESSION = FactKey("policy", "flows", "compression", EXISTS)
TIDY = FactKey("job", "public.tidy", "", EXISTS)


def test_an_owner_is_told_once_with_all_that_it_cannot_run():
    failing = Runs(4, 3, last_failed=True, error="role may not log in.")
    jobs = (
        Job(TIDY, "nobody", may_log_in=False, runs=failing),
        Job(COMPRESSION, "nobody", may_log_in=False, runs=Runs(2, 2, last_failed=True)),
        Job(COMPRESSION._replace(table="curves"), "somebody"),
    )
    owner, *fails = broken_rules({}, Circumstances(jobs))
    assert owner.key.id == "policy-owner:nobody:login"
    assert owner.message == (
        "role nobody: may not log in, so that its jobs cannot run: job public.tidy, policy"
        ' flows.compression; 5 of 6 runs failed, the last of these with "role may not log in"'
    )
    assert [broken.key.kind for broken in fails] == ["job-fails", "job-fails"]
    assert set(compared(Circumstances(jobs)).findings) == {owner.key}


def test_jobs_that_fail_for_one_known_cause_are_one_finding():
    """Where no background worker is free, all of them fail; each may be accepted by its id."""

    def failing(table, error):
        runs = Runs(1, 1, last_failed=True, error=error)
        return Job(COMPRESSION._replace(table=table), "owner", runs=runs)

    jobs = (
        failing("flows", "failed to start job Job 1002"),
        failing("curves", "failed to start job Job 1001"),
        failing("signals", "division by zero"),
        failing("series", "division by zero"),
    )
    late = Late(
        COMPRESSION._replace(table="flows"), 3, Interval.parse("9 days"), Interval.parse("1 day")
    )
    found = compared(Circumstances(jobs, late=(late,)))
    assert [finding.ids for finding in found.findings.values()] == [
        ("job-fails:curves.compression:last_run", "job-fails:flows.compression:last_run"),
        ("job-fails:series.compression:last_run",),
        ("job-fails:signals.compression:last_run",),
    ]
    first = next(iter(found.findings.values()))
    assert first.message == (
        "policy curves.compression, policy flows.compression: the last run of each failed; of the"
        ' first, 1 of 1 runs failed, the last of these with "failed to start job Job 1001"'
    )
    assert {key.id: cause.id for key, cause in found.consequences.items()} == dict.fromkeys(
        ("job-fails:flows.compression:last_run", "chunks-late:flows.compression:chunks"), first.id
    )
    # Where its policy is undeclared the first one says nothing, and the other speaks for itself.
    undeclared = {COMPRESSION._replace(table="curves"): True}
    found = compared(Circumstances(jobs[:2]), observed=undeclared)
    assert [finding.ids for finding in found.findings.values()] == [
        ("policy:curves.compression:exists",),
        ("job-fails:flows.compression:last_run",),
    ]
    # And of more than one other the first of these speaks for them.
    third = failing("volumes", jobs[0].runs.error)
    found = compared(Circumstances((*jobs[:2], third)), observed=undeclared)
    assert [finding.ids for finding in found.findings.values()] == [
        ("policy:curves.compression:exists",),
        ("job-fails:flows.compression:last_run", "job-fails:volumes.compression:last_run"),
    ]
    assert [*found.findings.values()][1].message.startswith(
        "policy flows.compression, policy volumes.compression: the last run of each failed; of the"
    )


def test_only_the_first_few_are_named():
    jobs = tuple(
        Job(COMPRESSION._replace(table=f"t{number}"), "nobody", may_log_in=False)
        for number in range(7)
    )
    for count, ending in ((7, "policy t4.compression and 2 more"), (5, "policy t4.compression")):
        (owner,) = broken_rules({}, Circumstances(jobs[:count]))
        assert owner.message.endswith(ending)


def compared(circumstances, expected=None, observed=None):
    capabilities = Capabilities(community_edition=True)
    return compare(expected or {}, observed or {}, capabilities, circumstances)


def test_what_a_finding_explains_is_moot():
    """Of a policy that nobody declared it is said that nobody did."""
    job = Job(COMPRESSION, "nobody", table_owner="desk")
    outcome = compared(Circumstances((job,)), observed={COMPRESSION: True})
    assert set(outcome.findings) == {COMPRESSION}
    assert [key.id for key in outcome.consequences] == ["policy-owner:flows.compression:owner"]


def test_late_chunks_say_how_often_the_policy_runs():
    hour, day = Interval.parse("1 hour"), Interval.parse("1 day")
    late = Late(COMPRESSION, 1, day, hour)
    (broken,) = broken_rules({}, Circumstances(late=(late,)))
    assert broken.message == (
        "policy flows.compression: 1 chunk should have been compressed, the oldest of them"
        " 1 day ago; it runs every 1 hour"
    )
    ran = Job(COMPRESSION, "desk", runs=Runs(1, 0, last_failed=False))
    (broken,) = broken_rules({}, Circumstances((ran,), late=(late,)))
    assert broken.message.endswith("it runs every 1 hour")
    new = Job(COMPRESSION, "desk", runs=Runs(0, 0, last_failed=False))
    (broken,) = broken_rules({}, Circumstances((new,), late=(late,)))
    assert broken.message.endswith("it has never run")


@pytest.mark.parametrize(
    ("left", "code"),
    [(100, None), (99, "sequence-near-end"), (1, "sequence-near-end"), (0, "sequence-exhausted")],
)
def test_numbers_that_are_left(left, code):
    numbers = Numbers("numbers", "t.id", 1000 - left, 1000, left, 1000)
    found = ids({}, Circumstances(numbers=(numbers,)))
    assert found == ([f"{code}:numbers:last_value"] if code else [])


@pytest.mark.parametrize(
    ("coming", "known", "between", "behind"),
    [
        (3, (1, 2, 3), 1.5, True),
        (4, (1, 2, 3), 1.5, False),
        (4, (1, 2, 9), 1.5, False),
        # Half of the numbers between 1 and 9 have rows, or fewer.
        (4, (1, 9, 17), 4, True),
        (4, (1, 9, 17), 3.9, False),
        (3, (1, 5, 9), 2, True),
        (2, (1, 3, 5), 1.9, False),
        (9, (1, 9, 17), 4, True),
        (16, (1, 9, 17), 4, True),
        (18, (1, 9, 17), 4, False),
        (0, (1, 9, 17), 4, False),
        # Numbers that somebody chose begin at a million.
        (10, (1, 5, 9, 1_000_000, 1_000_004), 4, False),
        (1, (), 0, False),
        (None, (1, 2), 4, False),
    ],
)
def test_a_number_that_a_row_has(coming, known, between, behind):
    """Or that most likely has one: it is between two known numbers with many rows between them."""
    numbers = Numbers("numbers", "t.id", 1, 10, 10, 10, coming, known, between)
    found = ids({}, Circumstances(numbers=(numbers,)))
    assert found == ["sequence-behind:t.id:last_value"] * behind


def test_a_warning_does_not_fail():
    numbers = Numbers("numbers", "", 999, 1000, 1, 1000)
    warned = tuple(compared(Circumstances(numbers=(numbers,))).findings.values())
    (warning,) = warned
    assert warning.severity == "warning"
    assert Verdict(EngineUsed("url", "a database"), warned).verdict == "conforms"
    exhausted = Numbers("numbers", "", 1000, 1000, 0, 1000)
    failed = tuple(compared(Circumstances(numbers=(exhausted,))).findings.values())
    assert Verdict(EngineUsed("url", "a database"), (*warned, *failed)).verdict == "differs"


def test_what_was_not_read_is_not_checked():
    key = FactKey("sequence-near-end", "numbers", "", "last_value")
    outcome = compared(Circumstances(unread=((key, "may not"),)))
    assert [(item.id, item.reason) for item in outcome.not_checked.values()] == [
        ("sequence-near-end:numbers:last_value", "may not")
    ]


def test_what_a_rule_explains_is_its_consequence():
    """Of an index that was left behind it is not said that nobody declared it."""
    there = INVALID._replace(attribute=EXISTS)
    outcome = compared(Circumstances(), observed={there: True, INVALID: False})
    ((key, finding),) = outcome.findings.items()
    assert key.id == finding.id == "index-invalid:flows.ix:valid"
    assert outcome.consequences[there] == finding
    declared = compared(
        Circumstances(), {there: True, INVALID: True}, {there: True, INVALID: False}
    )
    assert set(declared.findings) == {INVALID}
    assert [item.id for item in declared.consequences.values()] == [INVALID.id]


def test_an_index_that_was_left_behind_is_found_though_the_facts_agree():
    facts = {INVALID._replace(attribute=EXISTS): True, INVALID: False}
    outcome = compared(Circumstances(), facts, facts)
    assert [key.id for key in outcome.findings] == ["index-invalid:flows.ix:valid"]
    assert outcome.consequences == {}


def test_a_policy_that_is_late_because_its_owner_cannot_run_it():
    day = Interval.parse("1 day")
    circumstances = Circumstances(
        (Job(COMPRESSION, "nobody", may_log_in=False),),
        late=(Late(COMPRESSION, 1, day, day),),
        numbers=of_sequence(0).numbers,
    )
    assert [key.kind for key in compared(circumstances).findings] == [
        "policy-owner", "sequence-exhausted",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("tables", "found"), [(("flows",), ["owner"]), (("flows", "curves"), ["login", "owner"])]
)
def test_a_table_with_a_wrong_owner_explains_only_its_own_policies(tables, found):
    jobs = [Job(COMPRESSION._replace(table=table), "nobody", may_log_in=False) for table in tables]
    table = FactKey("table", "flows", "", EXISTS)
    owner = table._replace(attribute="owner")
    outcome = compared(
        Circumstances(tuple(jobs)), {table: True, owner: "desk"}, {table: True, owner: "nobody"}
    )
    assert sorted(key.attribute for key in outcome.findings) == found


def test_a_code_has_a_severity():
    assert {code.severity for code in POLICY_CODES.values()} <= set(SEVERITIES)


WORDS = Path(__file__).with_name("policies.txt")
REFRESH = refresh("daily", "30 days", "1 hour")
WEEKLY = {**DAILY, **aggregate("weekly", "daily", "7 days")}
BY_NUMBER = {
    **hypertable("flows", integer_now="latest"),
    **policy("flows", "retention", drop_after=5),
}
FAILED = Runs(2, 2, last_failed=True, error="no room for X.")
PORTAL = Runs(2, 2, last_failed=True, error='cannot drop portal "" while it is being set up')
WATERMARK = FactKey("continuous_aggregate", "daily", "", "watermark")
INVALID = FactKey("index", "flows", "ix", "valid")


TIMESCALEDB = FactKey("extension", "timescaledb", "", "version")
VERSION = {TIMESCALEDB: "2.29.2"}


def reference(table, to="flows"):
    return {
        FactKey("foreign_key", table, f"fk_{table}", EXISTS): True,
        FactKey("foreign_key", table, f"fk_{table}", "references"): f"{to} (probe, at)",
    }


REFERRED = {**VERSION, **hypertable("flows", integer_now="latest"), **reference("alarms")}


def time(now, newest=(49_000, 50_000), **more):
    return Circumstances(
        integer_times=(IntegerTime("flows", "latest", now=now, newest=newest, **more),)
    )


def of_job(**more):
    return Circumstances((Job(COMPRESSION, "nobody", **more),))


def of_sequence(left, column=""):
    return Circumstances(numbers=(Numbers("numbers", column, 1000 - left, 1000, left, 1000),))


def late(kind, chunks):
    day = Interval.parse("1 day")
    return Circumstances(late=(Late(COMPRESSION._replace(name=kind), chunks, day, day),))


#: What a database shows, and what is known beside.
CASES = {
    "an owner that may not log in": ({}, of_job(may_log_in=False)),
    "such an owner, and runs that failed": ({}, of_job(may_log_in=False, runs=FAILED)),
    "such an owner, and runs that failed for an unknown reason": (
        {},
        of_job(may_log_in=False, runs=Runs(3, 1, last_failed=False)),
    ),
    "runs that did their work, which PostgreSQL says failed": ({}, of_job(runs=PORTAL)),
    "runs for which no worker was free": (
        {},
        of_job(runs=Runs(2, 1, last_failed=True, error='failed to start job Job 1004 ("Policy")')),
    ),
    "an owner that is not the table's": ({}, of_job(table_owner="desk")),
    "an owner that is not the table's, after one that is": (
        {},
        Circumstances(
            (
                Job(COMPRESSION._replace(table="curves"), "nobody"),
                Job(COMPRESSION, "nobody", table_owner="desk"),
            )
        ),
    ),
    "such a role, and runs that failed": ({}, of_job(table_owner="desk", runs=FAILED)),
    "a foreign key to a hypertable with policies": (
        {**REFERRED, **policy("flows", "retention", drop_after=5)},
        Circumstances(),
    ),
    "two such keys, and runs that failed": (
        {**REFERRED, **reference("notes"), **policy("flows", "compression", compress_after=5)},
        of_job(runs=FAILED),
    ),
    "such a key and no policy on chunks": (
        {**REFERRED, **policy("flows", "reorder")},
        Circumstances(),
    ),
    "such a key to a plain table": (
        {**VERSION, **reference("alarms"), **policy("flows", "retention", drop_after=5)},
        Circumstances(),
    ),
    "such a key and retention in a version that drops such chunks": (
        {**REFERRED, TIMESCALEDB: "2.23.0", **policy("flows", "retention", drop_after=5)},
        Circumstances(),
    ),
    "such a key in a version that may differ": (
        {**REFERRED, TIMESCALEDB: "2.32", **policy("flows", "retention", drop_after=5)},
        Circumstances(),
    ),
    "no function for the time": (
        {**BY_NUMBER, **hypertable("flows", integer_now=None)},
        Circumstances(),
    ),
    "no function for the time, which an aggregate needs too": (
        {**BY_NUMBER, **hypertable("flows", integer_now=None), **DAILY, **refresh("daily", 50, 1)},
        Circumstances(),
    ),
    "a function that is gone": (BY_NUMBER, time(None, is_there=False)),
    "a time far after the rows": (BY_NUMBER, time(90_000)),
    "a time far before the rows": (BY_NUMBER, time(90)),
    "retention of the source": (
        {**DAILY, **REFRESH, **policy("flows", "retention", drop_after="7 days")},
        Circumstances(),
    ),
    "retention of the source, and a refresh without limit": (
        {
            **DAILY,
            **refresh("daily", UNBOUNDED, "1 hour"),
            **policy("flows", "retention", drop_after="7 days"),
        },
        Circumstances(),
    ),
    "retention of the aggregate": (
        {**DAILY, **REFRESH, **policy("daily", "retention", drop_after="7 days")},
        Circumstances(),
    ),
    "retention of the aggregate, and a refresh without limit": (
        {
            **DAILY,
            **refresh("daily", UNBOUNDED, "1 hour"),
            **policy("daily", "retention", drop_after="7 days"),
        },
        Circumstances(),
    ),
    "compression of the source": (
        {**DAILY, **REFRESH, **policy("flows", "compression", compress_after="7 days")},
        Circumstances(),
    ),
    "compression of the source, and a refresh without limit": (
        {
            **DAILY,
            **refresh("daily", UNBOUNDED, "1 hour"),
            **policy("flows", "compression", compress_after="7 days"),
        },
        Circumstances(),
    ),
    "compression of the aggregate": (
        {**DAILY, **REFRESH, **policy("daily", "compression", compress_after="7 days")},
        Circumstances(),
    ),
    "a refresh that is too rare": (
        {**DAILY, **refresh("daily", "3 days", "1 hour", "7 days")},
        Circumstances(),
    ),
    "a refresh of whole days that is too rare": (
        {
            FactKey("hypertable", "flows", "", "time_type"): "date",
            **DAILY,
            **refresh("daily", "3 days", "1 day", "7 days"),
        },
        Circumstances(),
    ),
    "a gap": (
        {
            **DAILY,
            **refresh("daily", "3 days", "1 hour", name=NEW),
            **refresh("daily", "30 days", "4 days", name=OLD),
        },
        Circumstances(),
    ),
    "an overlap": (
        {
            **DAILY,
            **refresh("daily", "3 days", "1 hour", name=NEW),
            **refresh("daily", "30 days", "2 days", name=OLD),
        },
        Circumstances(),
    ),
    "two refreshes up to the last row": (
        {
            **DAILY,
            **refresh("daily", "3 days", UNBOUNDED, name=NEW),
            **refresh("daily", "30 days", UNBOUNDED, name=OLD),
        },
        Circumstances(),
    ),
    "retention before compression": (
        {
            **policy("flows", "retention", drop_after="7 days"),
            **policy("flows", "compression", compress_after="30 days"),
        },
        Circumstances(),
    ),
    "an aggregate that is kept for longer than its source": (
        {
            **WEEKLY,
            **policy("daily", "retention", drop_after="90 days"),
            **policy("weekly", "retention", drop_after="1 year"),
        },
        Circumstances(),
    ),
    "an aggregate that is kept for ever, and refreshed": (
        {
            **WEEKLY,
            **refresh("weekly", "30 days", "1 day"),
            **policy("daily", "retention", drop_after="90 days"),
        },
        Circumstances(),
    ),
    "an aggregate that is kept for less long than its source": (
        {
            **WEEKLY,
            **refresh("weekly", "30 days", "1 day"),
            **policy("daily", "retention", drop_after="90 days"),
            **policy("weekly", "retention", drop_after="60 days"),
        },
        Circumstances(),
    ),
    "a bucket that is longer than its source lasts": (
        {
            **WEEKLY,
            **policy("daily", "retention", drop_after="6 days"),
            **policy("weekly", "retention", drop_after="6 days"),
        },
        Circumstances(),
    ),
    "a bucket as long as its source lasts": (
        {
            **WEEKLY,
            **policy("daily", "retention", drop_after="7 days"),
            **policy("weekly", "retention", drop_after="7 days"),
        },
        Circumstances(),
    ),
    "an aggregate that is kept for ever, and its source is not": (
        {**WEEKLY, **policy("daily", "retention", drop_after="90 days")},
        Circumstances(),
    ),
    "a bucket that is longer than its hypertable keeps rows": (
        {**DAILY, **policy("flows", "retention", drop_after="12 hours")},
        Circumstances(),
    ),
    "an aggregate that outlives its hypertable": (
        {**DAILY, **REFRESH, **policy("flows", "retention", drop_after="30 days")},
        Circumstances(),
    ),
    "a run that failed": ({}, of_job(runs=FAILED)),
    "a run that failed, for an unknown reason": ({}, of_job(runs=Runs(3, 1, last_failed=True))),
    "a run that succeeded": ({}, of_job(runs=Runs(3, 2, last_failed=False))),
    "a late compression": ({}, late("compression", 1)),
    "a late retention": ({}, late("retention", 2)),
    "an index left behind": (
        {INVALID: False, INVALID._replace(name="good"): True},
        Circumstances(),
    ),
    "an aggregate that cannot be read": (
        {
            FactKey("continuous_aggregate", "daily", "", "alterations"): (UNREADABLE,),
            FactKey("continuous_aggregate", "weekly", "", "alterations"): ("has trigger audit",),
            FactKey("chunk", "daily", "", "alterations"): (),
        },
        Circumstances(),
    ),
    "a materialized view without its data": (
        {
            FactKey("materialized_view", "totals", "", EXISTS): True,
            FactKey("storage", "totals", "", "populated"): "off",
            FactKey("storage", "totals", "ix_totals", "fillfactor"): 70,
        },
        Circumstances(living=True),
    ),
    "one that a migration has just made": (
        {FactKey("storage", "totals", "", "populated"): "off"},
        Circumstances(),
    ),
    "a watermark far in the future": (
        {**DAILY, **REFRESH, WATERMARK: "2100-01-02 00:00"},
        Circumstances(),
    ),
    "such a watermark, and a refresh up to the last row": (
        {
            **DAILY,
            **refresh("daily", "3 days", "1 hour", name=NEW),
            **refresh("daily", UNBOUNDED, "3 days", name=OLD),
            **refresh("daily", "1 hour", UNBOUNDED, name="refresh of the last hour"),
            WATERMARK: "2100-01-02 00:00",
        },
        Circumstances(),
    ),
    "such a watermark, and a refresh up to now": (
        {**DAILY, **refresh("daily", "3 days", "0 seconds"), WATERMARK: "2100-01-02 00:00"},
        Circumstances(),
    ),
    "such a watermark, and a refresh of the next day": (
        {**DAILY, **refresh("daily", "3 days", "-1 day"), WATERMARK: "2100-01-02 00:00"},
        Circumstances(),
    ),
    "such a watermark without a refresh": (
        {**DAILY, WATERMARK: "2100-01-02 00:00"},
        Circumstances(),
    ),
    "a sequence near its end": ({}, of_sequence(7)),
    "a column's sequence without a number left": ({}, of_sequence(0, "flows.id")),
    "a sequence behind its column": (
        {},
        Circumstances(
            numbers=(Numbers("numbers", "flows.id", 2, 1000, 998, 1000, 3, (1, 3, 7), True),)
        ),
    ),
}


@pytest.mark.parametrize(
    ("table", "version"), [("flows", "2.28"), ("flows", "2.31.0"), ("odd (flows)", "2.29.2")]
)
def test_a_foreign_key_keeps_chunks_from_being_dropped(table, version):
    facts = {
        TIMESCALEDB: version,
        **hypertable(table, integer_now="latest"),
        **reference("alarms", to=table),
        **policy(table, "retention", drop_after=5),
    }
    assert ids(facts) == [f"chunks-referenced:{table}:foreign_keys"]


@pytest.mark.parametrize(("version", "found"), [("2.17", 1), ("2.30.0", 1), ("2.31.0", 0)])
def test_a_foreign_key_keeps_chunks_from_being_compressed(version, found):
    compressing = policy("flows", "compression", compress_after=5)
    assert len(ids({**REFERRED, TIMESCALEDB: version, **compressing})) == found


def in_words(facts, circumstances):
    """All that a broken rule says and rests on."""
    found = ""
    for broken in broken_rules(facts, circumstances):
        said = broken.finding
        found += f"{said.id} ({said.severity})\n  {said.message}\n  {said.hint}\n"
        found += f"  limit {said.expected}, value {said.observed}\n"
        for what in ("rests_on", "explains", "causes"):
            if keys := getattr(broken, what):
                found += f"  {what}: {', '.join(key.id for key in keys)}\n"
    return found or "(nothing)\n"


@pytest.fixture(scope="module")
def recorded():
    if "SAY_ANEW" in os.environ:
        text = "\n".join(f"# {name}\n{in_words(*case)}" for name, case in CASES.items())
        WORDS.write_text(text, encoding="utf-8")
    parts = WORDS.read_text(encoding="utf-8").split("# ")[1:]
    return dict(part.rstrip("\n").split("\n", 1) for part in parts)


@pytest.mark.parametrize("name", CASES)
def test_what_is_said_of_a_case(name, recorded):
    assert in_words(*CASES[name]).rstrip("\n") == recorded[name]


def test_every_code_is_said_of_some_case(recorded):
    assert recorded.keys() == CASES.keys()
    assert {key.kind for key in map(first, CASES.values())} >= set(POLICY_CODES)


def first(case):
    return next((broken.key for broken in broken_rules(*case)), TIDY)
