"""What a project makes of findings: accepted, old, a warning, or counted."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from conformance.comparing.acceptance import Acceptance, Policy, judge, judge_all, mended, settle
from conformance.comparing.decided import CHECKS
from conformance.comparing.findings import Finding, NotChecked
from conformance.comparing.house_rules import HOUSE_RULES, rule_of_check
from conformance.comparing.patterns import matches
from conformance.comparing.verdict import EngineUsed, Verdict

TODAY = date(2027, 3, 31)
ENGINE = EngineUsed("url", "server")


def finding(name, **values):
    kind, target, attribute = name.split(":")
    given = Finding(name, kind, target, attribute, "different", 1, 2, f"{name} differs", "Mend it.")
    return replace(given, **values)


NULLABLE, DEFAULT = finding("column:tanks.level:nullable"), finding("column:tanks.level:default")
INDEX = finding("index:tanks.ix_tanks:exists")


def policy(*accepted, command="audit", **values):
    return Policy(command, TODAY, tuple(accepted), **values)


def settled(*findings, by, whole=True, **values):
    return settle(Verdict(ENGINE, findings, **values), by, whole=whole)


def ids(findings):
    return [item.id for item in findings]


@pytest.mark.parametrize(
    ("pattern", "name", "same"),
    [
        ("a:b:c", "a:b:c", True),
        ("a:b:c", "a:b:cd", False),
        ("a:b:c", "xa:b:c", False),
        ("a:*", "a:b:c", True),
        ("*:c", "a:b:c", True),
        ("a*c", "abx", False),
        ("a:b.c:d", "a:bxc:d", False),
        ("a:[b]?:c", "a:[b]?:c", True),
        ("a:*:c", "a:line\nbreak:c", True),
    ],
)
def test_patterns(pattern, name, same):
    assert matches(pattern, name) is same


@pytest.mark.parametrize(
    "pattern", ["column:tanks.level:nullable", "column:tanks.*", "*:nullable", "column"]
)
def test_an_accepted_finding_does_not_count_and_is_named(pattern):
    verdict = settled(NULLABLE, by=policy(Acceptance(pattern, "old rows", date(2027, 4, 1))))
    assert (verdict.verdict, verdict.findings) == ("conforms", ())
    (accepted,) = verdict.accepted
    assert (accepted.finding, accepted.reason, accepted.until) == (
        NULLABLE, "old rows", "2027-04-01",
    )  # fmt: skip


PARTS = tuple(f"column:tanks.c{number}:exists: of" for number in range(1, 10))
MERGED = replace(finding("table:tanks:exists"), others=PARTS)
SIX = "tanks, tanks.c1, tanks.c2, tanks.c3, tanks.c4, tanks.c5"


@pytest.mark.parametrize(
    ("excused", "said"),
    [
        (1, "1 of these is accepted, or in the baseline: tanks"),
        (2, "2 of these are accepted, or in the baseline: tanks, tanks.c1"),
        (6, f"6 of these are accepted, or in the baseline: {SIX}"),
        (8, f"8 of these are accepted, or in the baseline: {SIX} and 2 more"),
    ],
)
def test_a_finding_stands_for_those_that_count(excused, said):
    entries = [Acceptance(name, "old") for name in MERGED.ids[:excused]]
    (found,) = settled(MERGED, by=policy(*entries)).findings
    first, *others = MERGED.ids[excused:]
    assert (found.id, found.others) == (first, tuple(others))
    assert (found.kind, found.attribute) == ("column", "exists: of")
    assert found.object == f"tanks.c{excused}"
    assert found.message == f"table:tanks:exists differs ({said})"


def test_one_that_stands_for_others_is_judged_by_all_of_them():
    of_one, of_all = Acceptance(PARTS[0], "a reason"), Acceptance("column:*", "another")
    whole = judge_all(MERGED, policy())
    assert (whole.counting, whole.used, whole.excused) == ((), (), None)
    some = judge_all(MERGED, policy(of_one, of_all))
    assert (some.counting, some.used) == ((MERGED.id,), (of_one, of_all))
    old = judge_all(MERGED, policy(of_all, old=[MERGED.id]))
    assert (old.entry, old.old, old.used, old.counting) == (of_all, False, (of_all,), ())
    known = judge_all(MERGED, policy(old=MERGED.ids))
    assert (known.entry, known.old, known.counting) == (None, True, ())


def test_the_others_count():
    verdict = settled(NULLABLE, DEFAULT, by=policy(Acceptance(NULLABLE.id, "old rows")))
    assert (verdict.verdict, verdict.findings) == ("differs", (DEFAULT,))
    assert verdict.accepted[0].until == ""


@pytest.mark.parametrize(
    ("until", "counts"),
    [(date(2027, 3, 30), True), (date(2027, 3, 31), False), (date(2027, 4, 1), False)],
)
def test_after_its_last_day_it_counts_again(until, counts):
    verdict = settled(NULLABLE, by=policy(Acceptance(NULLABLE.id, "old rows", until)))
    assert bool(verdict.findings) is counts
    if counts:
        assert verdict.findings[0].message == (
            "column:tanks.level:nullable differs (accepted until 2027-03-30, which is over: "
            "old rows)"
        )


def test_of_two_that_mean_it_the_one_that_still_counts_does():
    over = Acceptance("column:*", "for a month", date(2027, 1, 1))
    verdict = settled(NULLABLE, by=policy(over, Acceptance(NULLABLE.id, "for ever")))
    assert [item.reason for item in verdict.accepted] == ["for ever"]
    # Neither is in vain.
    assert verdict.findings == ()


def test_a_finding_that_is_over_is_not_saved_by_the_baseline():
    over = Acceptance(NULLABLE.id, "for a month", date(2027, 1, 1))
    verdict = settled(NULLABLE, by=policy(over, old={NULLABLE.id}))
    assert (ids(verdict.findings), verdict.old) == ([NULLABLE.id], ())


def test_a_finding_that_is_over_keeps_the_severity_of_the_project():
    over = Acceptance(NULLABLE.id, "for a month", date(2027, 1, 1))
    verdict = settled(NULLABLE, by=policy(over, severities={"column": "warning"}))
    assert [item.severity for item in verdict.findings] == ["warning"]


def test_the_baseline():
    verdict = settled(NULLABLE, DEFAULT, by=policy(old={NULLABLE.id, INDEX.id}))
    assert (verdict.findings, verdict.old) == ((DEFAULT,), (NULLABLE,))
    assert settled(NULLABLE, by=policy(old={NULLABLE.id})).verdict == "conforms"


def test_the_baseline_knows_ids_and_no_patterns():
    assert settled(NULLABLE, by=policy(old={"column:*", "column"})).verdict == "differs"


@pytest.mark.parametrize(
    ("severities", "severity"),
    [
        ({}, "error"),
        ({"column": "warning"}, "warning"),
        ({"index": "warning"}, "error"),
        ({"column": "warning", "column:tanks.*": "error"}, "error"),
        ({"column:tanks.*": "error", "column:tanks.level:*": "warning"}, "warning"),
        ({"column:tanks.*": "error", "*:tanks.level:nullable": "warning"}, "warning"),
    ],
)
def test_severities(severities, severity):
    verdict = settled(NULLABLE, by=policy(severities=severities))
    assert verdict.findings[0].severity == severity
    assert verdict.verdict == ("differs" if severity == "error" else "conforms")
    assert verdict.counts["warnings"] == (severity == "warning")


def test_accepted_in_vain():
    verdict = settled(by=policy(Acceptance("column:gone.*", "old rows")))
    assert verdict.findings == (
        Finding(
            id="accepted-in-vain:column:gone.*",
            kind="accepted-in-vain",
            object="column:gone.*",
            attribute="",
            disagreement="missing",
            expected="old rows",
            observed=None,
            message="column:gone.* is accepted, but does not occur",
            hint="Take it out of accepted in pyproject.toml, or correct the id. If only another "
            'command finds it, name that command: commands = ["check"].',
            severity="warning",
        ),
    )
    assert verdict.verdict == "conforms"
    strict = policy(Acceptance("column:gone.*", "old"), severities={"accepted-in-vain": "error"})
    assert settled(by=strict).verdict == "differs"


def test_whose_commands_are_named_is_not_told_to_name_them():
    entry = Acceptance("column:gone.*", "old rows", commands=("audit",))
    (finding,) = settled(by=policy(entry)).findings
    assert finding.hint == "Take it out of accepted in pyproject.toml, or correct the id."


def test_that_an_acceptance_is_in_vain_may_be_accepted():
    gone = Acceptance("column:gone.*", "old rows")
    known = Acceptance("accepted-in-vain:column:gone.*", "the next release brings it back")
    other = Acceptance("column:lost.*", "old rows")
    assert ids(settled(by=policy(gone, known, other)).findings) == [
        "accepted-in-vain:column:lost.*"
    ]


def test_a_part_of_the_suite_says_nothing_of_what_it_did_not_look_at():
    assert settled(by=policy(Acceptance("column:gone.*", "old")), whole=False).findings == ()


@pytest.mark.parametrize(
    ("command", "entry"),
    [
        # Of rows an audit sees nothing, and what a check draws differs from run to run.
        ("audit", Acceptance("rows:tanks:upsert", "slow")),
        ("check", Acceptance("rows:tanks:upsert", "slow")),
        ("audit", Acceptance("migration:alembic:second_run", "so be it")),
        ("check", Acceptance("lock-held:*", "so be it")),
        ("check", Acceptance("column:a.b:type", "production only", commands=("audit",))),
    ],
)
def test_not_in_vain_where_the_command_could_not_find_it(command, entry):
    assert settled(by=policy(entry, command=command)).findings == ()


def test_in_vain_for_a_check():
    entry = Acceptance("migration:alembic:second_run", "so be it")
    assert ids(settled(by=policy(entry, command="check")).findings) == [
        "accepted-in-vain:migration:alembic:second_run"
    ]


@pytest.mark.parametrize(
    "undecided",
    [{"moot": (NULLABLE.id,)}, {"not_checked": (NotChecked(NULLABLE.id, "no such server"),)}],
    ids=["moot", "not checked"],
)
def test_not_in_vain_and_not_mended_where_it_was_not_decided(undecided):
    by = policy(Acceptance("column:tanks.*", "old rows"), old={NULLABLE.id})
    assert settled(by=by, **undecided).findings == ()
    assert mended(by.old, Verdict(ENGINE, **undecided), by) == ()


def test_an_acceptance_for_another_command_does_not_count():
    entry = Acceptance(NULLABLE.id, "old", commands=("check", "gate"))
    assert settled(NULLABLE, by=policy(entry)).verdict == "differs"
    assert judge(NULLABLE.names, policy(entry, command="gate")).excused == "old"


def test_what_is_mended():
    by = policy(old={NULLABLE.id, INDEX.id, DEFAULT.id, "rows:tanks:upsert"})
    verdict = settled(NULLABLE, DEFAULT, by=by)
    assert mended(by.old, verdict, by) == (INDEX.id,)
    assert mended(by.old, Verdict(ENGINE, (NULLABLE, DEFAULT)), by) == (INDEX.id,)
    # Where one is accepted as well it is there still.
    by = policy(Acceptance(INDEX.id, "why"), old={INDEX.id})
    assert mended(by.old, settled(INDEX, by=by), by) == ()


@pytest.mark.parametrize(
    "verdict",
    [
        {"not_checked": (NotChecked("check:test_two_migrations_at_once", "one session"),)},
        {"not_checked": (NotChecked("check:test_two_migrations_at_once[2]", "one session"),)},
        {"findings": (finding("migration:alembic:two_at_once"),)},
    ],
    ids=["not run", "one of its cases not run", "still there"],
)
def test_what_a_check_of_migrations_did_not_decide(verdict):
    by = policy(command="check", old={"migration:alembic:two_at_once"})
    assert mended(by.old, Verdict(ENGINE, **verdict), by) == ()
    assert mended(by.old, Verdict(ENGINE), by) == ("migration:alembic:two_at_once",)


def test_what_hides_behind_another_finding_of_its_check():
    by = policy(command="check", old={"migration:alembic:downgrade_leaves_no_trace"})
    other = finding("migration:alembic:downgrade_drops_extension")
    assert mended(by.old, Verdict(ENGINE, (other,)), by) == ()


def test_what_depends_on_the_moment_is_not_mended():
    by = policy(old={"job-fails:curves.compression:last_run", "refresh-gap:daily:windows"})
    assert mended(by.old, Verdict(ENGINE), by) == ("refresh-gap:daily:windows",)


def test_a_rule_that_is_off_mends_nothing():
    old = {"migration:alembic:offline_sql"}
    by = policy(command="check", old=old, house_rules={"offline_sql": False})
    assert mended(by.old, Verdict(ENGINE), by) == ()


def test_an_attribute_that_nobody_knows_is_not_mended():
    by = policy(command="check", old={"migration:alembic:of_a_later_version"})
    assert mended(by.old, Verdict(ENGINE), by) == ()


def test_every_finding_about_migrations_has_its_check():
    """`migration_finding("second_run", ...)` stands below, or is called by, the check."""
    suite = Path(__file__).parents[2] / "conformance/suite"
    text = "".join(path.read_text(encoding="utf-8") for path in suite.glob("*.py"))
    attributes = re.findall(r'migration_finding\(\s*"(\w+)"', text)
    assert sorted({*attributes}) == sorted(CHECKS)
    assert [check for check in CHECKS.values() if f"def {check}(" not in text] == []


def test_without_a_verdict_nothing_is_said():
    verdict = Verdict(ENGINE, could_not_run="No server.")
    assert settle(verdict, policy(Acceptance("column:gone.*", "old")), whole=True) == verdict


@pytest.mark.parametrize("rule", HOUSE_RULES.values(), ids=lambda rule: rule.name)
def test_a_house_rule_is_named_as_one(rule):
    (found,) = settled(finding(rule.finding), by=policy(command="check")).findings
    assert found.hint == f"Mend it. {rule.said}"
    assert f"{rule.name} = false" in rule.said
    assert policy().off(rule.finding) is None
    off = policy(house_rules={rule.name: False})
    assert off.off(rule.finding) == rule.off
    assert [off.off(code) for code in rule.codes] == [rule.off] * len(rule.codes)
    assert off.off("column:tanks.level:nullable") is None
    assert [rule_of_check(check) for check in rule.checks] == [rule] * len(rule.checks)
    assert rule_of_check("test_no_warning_is_raised") is None


@pytest.mark.parametrize("rule", HOUSE_RULES.values(), ids=lambda rule: rule.name)
def test_the_page_names_every_house_rule(rule):
    page = (Path(__file__).parents[2] / "docs/adoption.md").read_text(encoding="utf-8")
    names = ", ".join(f"`{name}`" for name in (*rule.checks, *rule.codes))
    assert f"| `{rule.name}` | {rule.rule} | {names} |\n" in page


def test_an_acceptance_of_a_rule_that_is_off_is_not_in_vain():
    by = policy(
        Acceptance("migration:alembic:offline_sql", "nobody uses it"),
        command="check", house_rules={"offline_sql": False},
    )  # fmt: skip
    assert settled(by=by).findings == ()


def test_every_acceptance_that_means_one_of_several_is_used():
    of_table, of_columns = Acceptance(MERGED.id, "a reason"), Acceptance("column:*", "another")
    assert judge_all(MERGED, policy(of_table, of_columns)).used == (of_table, of_columns)
