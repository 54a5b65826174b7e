"""A revision is blamed for the difference that it made, not for one that was there before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.comparing.facts import EXISTS, FactKey
from conformance.comparing.findings import Finding
from conformance.comparing.policies import windows
from conformance.comparing.policies.codes import POLICY_CODES
from conformance.comparing.policies.schedules import Schedules
from conformance.gate.rules.drift import judge_drift, unchanged
from conformance.intervals import Interval

from .cases import BEFORE, CHUNKS, REVISION, evidence, statement


def finding(*, expected, observed):
    return Finding(
        CHUNKS.id, CHUNKS.kind, CHUNKS.object, CHUNKS.attribute, "different", expected, observed,
        "It differs", "Mend it.",
    )  # fmt: skip


SURPLUS = finding(expected=None, observed="1 day")
LACKING = finding(expected="1 day", observed=None)
OTHERWISE = finding(expected="1 day", observed="7 days")
RULE = next(iter(POLICY_CODES))
BROKEN = replace(SURPLUS, id=f"{RULE}:t")
CHANGED = evidence(after=replace(BEFORE, facts={CHUNKS: Interval.parse("8 days")}))


UNCHANGED = (evidence(),)


def code(found, *, promised_before, rehearsed=UNCHANGED, heads=("0001",)):
    (item,) = judge_drift([found], rehearsed, heads, promised_before)
    assert item.fact is found
    return item.code, item.revision, item.fails


@pytest.mark.parametrize("found", [SURPLUS, LACKING, OTHERWISE])
def test_what_nothing_changed_is_inherited(found):
    said = code(found, promised_before={CHUNKS.id})
    assert said == ("inherited-drift", "0001", False)


@pytest.mark.parametrize("found", [SURPLUS, LACKING, OTHERWISE])
def test_not_where_the_models_say_something_else_now(found):
    assert code(found, promised_before=set()) == ("drift", "0002", True)


def test_a_warning_about_a_fact_is_a_warning_of_the_gate():
    """A missing comment fails neither an audit nor the gate."""
    found = replace(LACKING, severity="warning")
    assert code(found, promised_before=set()) == ("drift", "0002", False)


@pytest.mark.parametrize("promised_before", [{CHUNKS.id}, None])
def test_not_where_a_revision_changed_it(promised_before):
    said = code(SURPLUS, promised_before=promised_before, rehearsed=(CHANGED, evidence()))
    assert said == ("drift", "0002", True)


def test_not_where_there_was_no_revision_before():
    assert code(SURPLUS, promised_before={CHUNKS.id}, heads=())[0] == "drift"


@pytest.mark.parametrize(
    ("found", "wanted"),
    [(SURPLUS, "inherited-drift"), (LACKING, "drift"), (OTHERWISE, "drift")],
    ids=["undeclared", "missing", "different"],
)
def test_without_earlier_models_what_is_declared_counts_as_new(found, wanted):
    """A statement that was forgotten looks like an old difference."""
    assert code(found, promised_before=None)[0] == wanted


def test_without_earlier_models_it_says_so():
    (item,) = judge_drift([SURPLUS], [evidence()], ["0001"], None)
    assert "The earlier models are not known: git does not have them, or they" in item.hint
    (item,) = judge_drift([SURPLUS], [evidence()], ["0001", "1001"], {CHUNKS.id})
    assert item.hint == (
        "The new revisions need not fix it. conformance audit reports it for each database."
    )
    assert item.revision == "0001, 1001"


def test_earlier_models_are_read_only_where_they_matter():
    assert unchanged([SURPLUS], [evidence()])
    assert not unchanged([SURPLUS], [evidence(), CHANGED])
    assert not unchanged([], [evidence()])


def test_it_is_said_of_the_last_revision_that_changed_it():
    later = replace(CHANGED, revision=replace(REVISION, identifier="0003"))
    assert code(OTHERWISE, promised_before=set(), rehearsed=(CHANGED, later))[1] == "0003"


@pytest.mark.parametrize("promised_before", [set(), None])
def test_a_rule_is_broken_by_what_changes_policies_or_was_broken_before(promised_before):
    """A rule over policies judges what the database has, whatever the models declared."""
    old = code(BROKEN, promised_before=promised_before)
    assert old == ("inherited-drift", "0001", False)
    assert code(BROKEN, promised_before=promised_before, rehearsed=(CHANGED,))[:2] == (RULE, "0002")
    assert code(BROKEN, promised_before=promised_before, heads=())[:2] == (RULE, "0002")


KEEPS = {
    FactKey("continuous_aggregate", "daily", "", EXISTS): True,
    FactKey("continuous_aggregate", "daily", "", "source"): "t",
    FactKey("policy", "daily", "refresh", EXISTS): True,
    FactKey("policy", "daily", "refresh", "start_offset"): Interval.parse("3 days"),
    FactKey("policy", "daily", "refresh", "end_offset"): Interval.parse("1 day"),
    FactKey("policy", "daily", "refresh", "schedule_interval"): Interval.parse("1 hour"),
    FactKey("policy", "t", "retention", EXISTS): True,
    FactKey("policy", "t", "retention", "drop_after"): Interval.parse("2 days"),
}


def test_ages_that_did_not_fit_before_are_inherited():
    """The revision changes the interval of chunks, and no age."""
    (broken,) = windows.judge(Schedules.of(KEEPS))
    before = replace(BEFORE, facts={**BEFORE.facts, **KEEPS})
    after = replace(CHANGED.after, facts={**CHANGED.after.facts, **KEEPS})
    said = code(
        broken.finding,
        promised_before=set(),
        rehearsed=(replace(CHANGED, before=before, after=after),),
    )
    assert said == ("inherited-drift", "0001", False)
    worse = replace(broken, message="retention-in-refresh: another age")
    found = code(
        worse.finding,
        promised_before=set(),
        rehearsed=(replace(CHANGED, before=before, after=after),),
    )
    assert found == (broken.key.kind, "0002", True)


def test_a_broken_rule_needs_no_earlier_models():
    assert not unchanged([BROKEN], [evidence()])
    (item,) = judge_drift([BROKEN], [evidence()], ["0001"], None)
    assert "not known" not in item.hint


def test_a_broken_rule_is_as_severe_as_its_code_says():
    (item,) = judge_drift([replace(BROKEN, severity="note")], [CHANGED], ["0001"], None)
    assert item.severity == POLICY_CODES[RULE].severity


NAMED = FactKey("unique", "t", "uq_t", EXISTS)
POLICY = FactKey("policy", "t", "compression", "compress_after")


@pytest.mark.parametrize(
    ("key", "texts", "number"),
    [
        (CHUNKS, ("ALTER TABLE t ADD a int",), 1),
        (CHUNKS, ("ALTER TABLE t ADD a int", "ALTER TABLE t ADD b int"), None),
        (CHUNKS, ("ALTER TABLE t ADD a int", "SELECT set_chunk_time_interval('t', 1)"), 2),
        (CHUNKS, ("SELECT create_hypertable('u', 'a')",), None),
        (CHUNKS, ("SELECT create_hypertable('t', 'a')", "SELECT set_number_interval('t')"), None),
        (NAMED, ("ALTER TABLE t DROP CONSTRAINT uq_t", "ALTER TABLE t ADD CONSTRAINT uq_t "), 2),
        (NAMED, ("ALTER TABLE t ADD UNIQUE (a)",), 1),
        (NAMED, ("ALTER TABLE t ADD UNIQUE (a)", "ALTER TABLE t ADD b int"), None),
        (NAMED, ("UPDATE t SET a = 'uq_t'", "SELECT a FROM t"), None),
        (POLICY, ("ALTER TABLE t ADD a int", "SELECT remove_compression_policy('t')"), 2),
    ],
)
def test_the_statement_that_made_the_difference_is_named(key, texts, number):
    found = Finding(
        key.id, key.kind, key.object, key.attribute, "different", 1, 2, "It differs", "Mend it."
    )
    statements = tuple(statement(number, sql) for number, sql in enumerate(texts, 1))
    changed = evidence(after=replace(BEFORE, facts={key: 1}), statements=statements)
    (item,) = judge_drift([found], [changed], ("0001",), set())
    assert (item.revision, item.statement) == ("0002", number)
    # What no revision changed has no statement.
    (item,) = judge_drift([found], [evidence(statements=statements)], ("0001",), set())
    assert item.statement is None
