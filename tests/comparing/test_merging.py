"""One cause, one finding: a renamed object, and a library's trigger on many tables."""

from __future__ import annotations

import pytest

from conformance.comparing.capabilities import Capabilities
from conformance.comparing.comparison import compare
from conformance.comparing.facts import EXISTS, FactKey, IndexColumn

COMMUNITY = Capabilities(community_edition=True)


def one(kind, table, name, **attributes):
    values = {EXISTS: True, **attributes}
    return {FactKey(kind, table, name, attribute): value for attribute, value in values.items()}


def triggers(count, function="audit.log()"):
    facts = {}
    for number in range(count):
        facts |= one("trigger", f"t{number:02}", "audited", function=function, level="row")
    return facts


@pytest.mark.parametrize(
    ("kind", "attributes", "change"),
    [
        (
            "index",
            {"columns": ("a",), "unique": False},
            "ALTER INDEX old RENAME TO new",
        ),
        ("check", {"expression": "a > 0"}, "ALTER TABLE t RENAME CONSTRAINT old TO new"),
        ("unique", {"columns": ("a",)}, "ALTER TABLE t RENAME CONSTRAINT old TO new"),
    ],
)
def test_an_object_under_another_name_is_one_finding(kind, attributes, change):
    expected, observed = one(kind, "t", "new", **attributes), one(kind, "t", "old", **attributes)
    compared = compare(expected, observed, COMMUNITY)
    (finding,) = compared.findings.values()
    assert finding.id == f"{kind}:t.new:exists"
    assert "is called old in the database, the models declare new" in finding.message
    assert change in finding.hint
    assert set(compared.consequences) == {*expected, *observed} - set(compared.findings)
    assert set(compared.consequences.values()) == {finding}


def test_the_change_names_schema_and_quotes():
    facts = {"columns": ("a",)}
    compared = compare(one("index", "s.t", "New", **facts), one("index", "s.t", "old", **facts),
                       COMMUNITY)  # fmt: skip
    (finding,) = compared.findings.values()
    assert 'ALTER INDEX s.old RENAME TO "New"' in finding.hint


@pytest.mark.parametrize(
    "other",
    [
        one("index", "t", "old", columns=("b",)),
        one("index", "u", "old", columns=("a",)),
        one("unique", "t", "old", columns=("a",)),
    ],
)
def test_another_object_is_another_finding(other):
    compared = compare(one("index", "t", "new", columns=("a",)), other, COMMUNITY)
    assert len(compared.findings) == 2


def test_two_renamed_objects_are_two_findings():
    expected = one("index", "t", "a1", columns=("a",)) | one("index", "t", "a2", columns=("a",))
    observed = one("index", "t", "b1", columns=("a",)) | one("index", "t", "b2", columns=("a",))
    assert len(compare(expected, observed, COMMUNITY).findings) == 2


def test_a_library_s_triggers_are_one_finding():
    observed = triggers(27)
    compared = compare({}, observed, COMMUNITY)
    (finding,) = compared.findings.values()
    assert finding.id == "trigger:t00.audited:exists"
    assert finding.message == (
        "triggers of audit.log() exist on 27 tables, the models declare none: t00, t01, t02, t03,"
        " t04, t05 and 21 more"
    )
    assert 'leave = ["trigger:*.audited"]' in finding.hint
    assert finding.observed[-1] == "t26.audited"
    assert set(compared.consequences) == {*observed} - set(compared.findings)


def test_triggers_of_few_tables_or_of_several_functions_stay_apart():
    assert len(compare({}, triggers(2), COMMUNITY).findings) == 2
    several = triggers(2) | one("trigger", "u", "audited", function="other.log()", level="row")
    assert len(compare({}, several, COMMUNITY).findings) == 3


def hypertable(**indexes):
    facts = one("hypertable", "t", "", time_column="at", partitions=("hash (probe, 4)",))
    for name, columns in indexes.items():
        facts |= one("index", "t", name, columns=columns, unique=False, predicate=None, include=())
    return facts


TIME = IndexColumn("at", descending=True, nulls_first=True)
PROBE = IndexColumn("probe")


def test_an_undeclared_hypertable_and_its_own_indexes_are_one_finding():
    observed = hypertable(t_at_idx=(TIME,), t_probe_at_idx=(PROBE, TIME))
    compared = compare({}, observed, COMMUNITY)
    (finding,) = compared.findings.values()
    assert finding.id == "hypertable:t:exists"
    assert finding.hint.endswith("Hypertable(...) also declares t_at_idx and t_probe_at_idx.")
    assert set(compared.consequences) == {*observed} - set(compared.findings)


@pytest.mark.parametrize(
    "changed",
    [
        {"columns": (IndexColumn("at"),)},
        {"columns": (TIME, PROBE)},
        {"columns": (IndexColumn("other"), TIME)},
        {"columns": (PROBE, PROBE, TIME)},
        {"unique": True},
        {"predicate": "at > '2020-01-01'"},
        {"include": ("probe",)},
    ],
)
def test_an_index_of_somebody_else_is_a_finding_of_its_own(changed):
    observed = hypertable(t_at_idx=(TIME,), other=(TIME,))
    for attribute, value in changed.items():
        observed[FactKey("index", "t", "other", attribute)] = value
    assert {item.id for item in compare({}, observed, COMMUNITY).findings.values()} == {
        "hypertable:t:exists",
        "index:t.other:exists",
    }


def test_an_index_of_a_declared_hypertable_is_a_finding_of_its_own():
    observed = hypertable(t_at_idx=(TIME,))
    found = compare(hypertable(), observed, COMMUNITY).findings.values()
    assert [item.id for item in found] == ["index:t.t_at_idx:exists"]


def test_the_words_about_a_renamed_object():
    facts = {"columns": ("a",)}
    compared = compare(
        one("index", "s.t", 'a"b', **facts), one("index", "s.t", "old", **facts), COMMUNITY
    )
    (finding,) = compared.findings.values()
    assert finding.message == (
        'index s.t.a"b: is called old in the database, the models declare a"b; the definitions are'
        " the same"
    )
    assert finding.hint == (
        "Read from pg_index. Likely cause: a rename on one side. Run "
        'ALTER INDEX s.old RENAME TO "a""b" in a migration,'
        " or use the name of the database in the models."
    )


def test_the_words_about_a_renamed_constraint():
    facts = {"columns": ("a",)}
    compared = compare(one("unique", "t", "New", **facts), one("unique", "t", "Old", **facts),
                       COMMUNITY)  # fmt: skip
    (finding,) = compared.findings.values()
    assert finding.hint == (
        "Read from pg_constraint. Likely cause: a rename on one side. Run "
        'ALTER TABLE t RENAME CONSTRAINT "Old" TO "New" in'
        " a migration, or use the name of the database in the models."
    )


def test_the_words_quote_a_table_with_capitals():
    compared = compare(
        one("unique", "s.Meters", "new", columns=("a",)),
        one("unique", "s.Meters", "old", columns=("a",)),
        COMMUNITY,
    )
    (finding,) = compared.findings.values()
    assert 'Run ALTER TABLE s."Meters" RENAME CONSTRAINT old TO new in' in finding.hint


def test_one_undeclared_object_stands_for_one_declared_one():
    expected = one("index", "t", "a1", columns=("a",)) | one("index", "t", "a2", columns=("a",))
    found = compare(expected, one("index", "t", "b", columns=("a",)), COMMUNITY).findings
    assert sorted(item.message for item in found.values()) == [
        "index t.a1: is called b in the database, the models declare a1; the definitions are the"
        " same",
        "index t.a2: is missing, the models declare it",
    ]


def test_an_object_of_another_kind_hides_no_rename():
    """A missing trigger is not looked for under another name; the next object is."""
    expected = one("trigger", "a", "tr") | one("rule", "a", "ru") | one("check", "t", "new", e="x")
    observed = one("trigger", "a", "other") | one("check", "t", "old", e="x")
    found = compare(expected, observed, COMMUNITY).findings
    assert sorted(item.id for item in found.values()) == [
        "check:t.new:exists", "rule:a.ru:exists", "trigger:a.other:exists", "trigger:a.tr:exists",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("count", "tables"),
    [(3, "t00, t01, t02"), (6, "t00, t01, t02, t03, t04, t05"),
     (7, "t00, t01, t02, t03, t04, t05 and 1 more")],
)  # fmt: skip
def test_the_words_about_a_library_s_triggers(count, tables):
    observed = triggers(count) | one("trigger", "t00", "too", function="audit.log()", level="row")
    for number in range(3):
        observed |= one("index", f"u{number}", "ix", columns=("a",))
    found = compare({}, observed, COMMUNITY).findings
    assert len(found) == 4
    (finding,) = (item for item in found.values() if item.kind == "trigger")
    assert finding.message == (
        f"triggers of audit.log() exist on {count} tables, the models declare none: {tables}"
    )
    assert finding.hint == (
        "Read from pg_trigger. Declare the triggers with Trigger(...), or drop them in a migration."
        ' If they are a library\'s: leave = ["trigger:*.audited", "trigger:*.too"] in'
        " pyproject.toml."
    )
