"""One cause, one finding: a renamed object, and a library's trigger on many tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from conformance.comparing.acceptance import Acceptance, Policy, settle
from conformance.comparing.capabilities import Capabilities
from conformance.comparing.comparison import compare
from conformance.comparing.facts import ANYTHING, EXISTS, FactKey, IndexColumn, Owner
from conformance.comparing.merging import split
from conformance.comparing.verdict import EngineUsed, Verdict

COMMUNITY = Capabilities(community_edition=True)


def one(kind, table, name, **attributes):
    values = {EXISTS: True, **attributes}
    return {FactKey(kind, table, name, attribute): value for attribute, value in values.items()}


DECLARED = one("table", "prices", "", persistence="permanent")


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


def test_the_change_quotes_reserved_words():
    facts = {"columns": ("a",)}
    compared = compare(
        one("unique", "order", "user", **facts), one("unique", "order", "old", **facts), COMMUNITY
    )
    (finding,) = compared.findings.values()
    assert 'ALTER TABLE "order" RENAME CONSTRAINT old TO "user" in a migration' in finding.hint


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


HYPERTABLE = FactKey("hypertable", "t", "", EXISTS)
CHILDREN = FactKey("table", "t", "", "inherited_by")


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("_hyper_1_2_chunk",), "1 chunk as child tables (_hyper_1_2_chunk)"),
        (
            tuple(f"_hyper_1_{n}_chunk" for n in range(10, 18)),
            "8 chunks as child tables (_hyper_1_10_chunk, _hyper_1_11_chunk, _hyper_1_12_chunk, "
            "_hyper_1_13_chunk, _hyper_1_14_chunk, _hyper_1_15_chunk and 2 more)",
        ),
    ],
)
def test_a_table_that_timescaledb_does_not_know_any_more_is_one_finding(names, said):
    compared = compare({HYPERTABLE: True, CHILDREN: ()}, {CHILDREN: names}, COMMUNITY)
    (finding,) = compared.findings.values()
    assert finding.id == HYPERTABLE.id
    assert finding.message == (
        f"hypertable t: is a plain table with {said}, the models declare a hypertable"
    )
    assert finding.hint == (
        "Read from timescaledb_information.dimensions and pg_inherits. Likely cause: a dump was "
        "restored without the tables of TimescaleDB's catalog, or without "
        "timescaledb_pre_restore(). Rows of compressed chunks are not in the child tables. Restore "
        "the whole dump into an empty database."
    )
    assert compared.consequences == {CHILDREN: finding}


@pytest.mark.parametrize(
    ("expected", "observed"),
    [
        ({HYPERTABLE: True}, {CHILDREN: ("_hyper_1_2_chunk", "old")}),
        ({HYPERTABLE: True}, {CHILDREN: ("x_hyper_1_2_chunk_1",)}),
        ({HYPERTABLE._replace(table="u"): True}, {CHILDREN: ("_hyper_1_2_chunk",)}),
        ({HYPERTABLE._replace(kind="compression"): True}, {CHILDREN: ("_hyper_1_2_chunk",)}),
    ],
)
def test_other_child_tables_are_findings_of_their_own(expected, observed):
    compared = compare({**expected, CHILDREN: ()}, observed, COMMUNITY)
    assert {*compared.findings} == {*expected, CHILDREN}


def test_a_declared_child_that_is_missing_is_a_finding_of_its_own():
    compared = compare({HYPERTABLE: True, CHILDREN: ("old",)}, {CHILDREN: ()}, COMMUNITY)
    assert {*compared.findings} == {HYPERTABLE, CHILDREN}


def test_a_hypertable_without_chunks_is_only_missing():
    compared = compare({HYPERTABLE: True, CHILDREN: ()}, {CHILDREN: ()}, COMMUNITY)
    (finding,) = compared.findings.values()
    assert finding.message == "hypertable t: is missing, the models declare it"


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


def test_triggers_of_one_function_may_call_it_with_different_arguments():
    observed = {}
    for column in ("at", "level", "note"):
        call = f"read_only('{column}')"
        observed |= one("trigger", f"t_{column}", f"keep_{column}", function=call)
    (finding,) = compare({}, observed, COMMUNITY).findings.values()
    assert finding.message.startswith("triggers of read_only(...) exist on 3 tables, the models")
    assert len(finding.ids) == 3


def test_several_triggers_of_one_function_on_one_table_are_one_finding():
    observed = {}
    for event in ("delete", "insert", "update"):
        observed |= one("trigger", "tanks", f"keep_{event}", function="keep_history()")
    (finding,) = compare({}, observed, COMMUNITY).findings.values()
    assert finding.message == (
        "triggers of keep_history() exist on tanks, the models declare none: keep_delete,"
        " keep_insert, keep_update"
    )
    assert '["trigger:*.keep_delete", "trigger:*.keep_insert", "trigger:*.keep' in finding.hint


@pytest.mark.parametrize(("beginning", "left"), [("keep_", '["trigger:*.keep_*"]'), ("a", "a6")])
def test_one_pattern_stands_for_many_names_that_begin_alike(beginning, left):
    observed = {}
    for number in range(7):
        observed |= one("trigger", f"t{number}", f"{beginning}{number}", function="keep_history()")
    (finding,) = compare({}, observed, COMMUNITY).findings.values()
    assert left in finding.hint
    assert ("*.keep_*" in finding.hint) == (beginning == "keep_")


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


def test_a_second_index_on_the_time_is_not_its_own():
    for names in (("by_time", "t_at_idx"), ("t_at_idx", "zeit")):
        observed = hypertable(**dict.fromkeys(names, (TIME,)))
        one_of_two, other = compare({}, observed, COMMUNITY).findings.values()
        assert one_of_two.hint.endswith("Hypertable(...) also declares t_at_idx.")
        assert other.id == f"index:t.{({*names} - {'t_at_idx'}).pop()}:exists"


@pytest.mark.parametrize("order", [{}, {"descending": True, "nulls_first": True}])
def test_an_index_of_the_models_on_the_time_is_in_place_of_its_own(order):
    models = one("index", "t", "by_time", columns=(IndexColumn("at", **order),), unique=False)
    found = [*compare(models, models | hypertable(t_at_idx=(TIME,)), COMMUNITY).findings.values()]
    assert [item.id for item in found] == ["hypertable:t:exists", "index:t.t_at_idx:exists"]
    assert "also declares" not in found[0].hint


def test_a_key_of_the_models_on_the_time_is_in_place_of_its_own_index():
    models = one("unique", "t", "uq_t_at", columns=("at",))
    found = compare(models, models | hypertable(t_at_idx=(TIME,)), COMMUNITY).findings.values()
    assert [item.id for item in found] == ["hypertable:t:exists", "index:t.t_at_idx:exists"]


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


@pytest.mark.parametrize(
    ("changed", "is_one"),
    [
        ({}, True),
        ({"unique": False}, False),
        ({"predicate": "a > 0"}, False),
        ({"columns": (IndexColumn("b"), IndexColumn("a"))}, False),
        ({"of": "uq"}, False),
    ],
)
def test_a_unique_index_in_place_of_a_constraint_is_one_finding(changed, is_one):
    index = {"columns": (IndexColumn("a"), IndexColumn("b")), "unique": True, "predicate": None}
    name = "other" if changed.pop("of", "") else "uq"
    observed = one("index", "t", name, **{**index, **changed})
    findings = compare(one("unique", "t", "uq", columns=("a", "b")), observed, COMMUNITY).findings
    ids = [f"index:t.{name}:exists", "unique:t.uq:exists"]
    assert sorted(item.id for item in findings.values()) == ids[is_one:]
    if is_one:
        (finding,) = findings.values()
        assert finding.others == ("index:t.uq:exists",)
        assert "is a unique index in the database, the models declare a const" in finding.message


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("trigger", "ALTER TRIGGER old ON t RENAME TO new"),
        ("row_security_policy", "ALTER POLICY old ON t RENAME TO new"),
    ],
)
def test_a_part_of_a_table_under_another_name_is_one_finding(kind, change):
    (finding,) = compare(
        one(kind, "t", "new", e="x"), one(kind, "t", "old", e="x"), COMMUNITY
    ).findings.values()
    assert "is called old in the database, the models declare new" in finding.message
    assert f"Run {change} in a migration" in finding.hint


def test_an_object_of_another_kind_hides_no_rename():
    """A missing rule is not looked for under another name; the next object is."""
    expected = (
        one("rule", "a", "ru") | one("primary_key", "b", "") | one("check", "t", "new", e="x")
    )
    observed = one("rule", "a", "other") | one("check", "t", "old", e="x")
    found = compare(expected, observed, COMMUNITY).findings
    assert sorted(item.id for item in found.values()) == [
        "check:t.new:exists", "primary_key:b:exists", "rule:a.other:exists", "rule:a.ru:exists",
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


def audited(*tables, function="audit_row()"):
    """An undeclared table, and undeclared triggers that write into it."""
    facts = one("table", "audit_entries", "", persistence="permanent")
    for table in tables:
        facts |= one("trigger", table, "audited", function=function, level="row")
    return facts


@pytest.mark.parametrize(
    "function", ["audit_row()", "audit.row_changed()", "public.audit_row(1)", "keep_audit()"]
)
def test_a_library_on_few_tables_is_one_finding(function):
    compared = compare(DECLARED, DECLARED | audited("prices", function=function), COMMUNITY)
    (finding,) = compared.findings.values()
    assert finding.id == "table:audit_entries:exists"
    assert finding.others == ("trigger:prices.audited:exists",)
    assert finding.message == (
        "table audit_entries, trigger prices.audited exist, the models declare none of them; they"
        f" go with the function {function}"
    )
    assert 'leave = ["audit_entries", "trigger:*.audited"]' in finding.hint


@pytest.mark.parametrize(
    "other",
    [
        audited("prices", function="touch_row()"),
        one("table", "audit_entries", "", persistence="permanent"),
        one("table", "log", "", persistence="permanent")
        | one("trigger", "prices", "t", function="log()"),
    ],
    ids=["another word", "no trigger", "a short word"],
)
def test_what_does_not_belong_together_stays_apart(other):
    compared = compare(DECLARED, DECLARED | other, COMMUNITY)
    assert all(not finding.others for finding in compared.findings.values())


def test_a_word_of_the_models_is_nobody_else_s():
    declared = DECLARED | one("table", "audit_days", "", persistence="permanent")
    compared = compare(declared, declared | audited("prices"), COMMUNITY)
    assert len(compared.findings) == 2


def test_owners_who_may_not_use_a_schema():
    """One finding for each of them and each schema; what was revoked from a table is another."""
    owned = {"a.t": ("desk", "a"), "a.u": ("desk", "a"), "a.v": ("Ops", "a"), "b.w": ("desk", "B")}
    lacking = {
        table: one("table", table, "", owner=Owner(role, "desk"),
                   withheld_from_owner=(f"usage on schema {schema}",))
        for table, (role, schema) in owned.items()
    }  # fmt: skip
    lacking["a.x"] = one("table", "a.x", "", owner=Owner("desk", "desk"),
                         withheld_from_owner=("insert", "usage on schema a"))  # fmt: skip
    lacking["a.y"] = one("table", "a.y", "", owner=Owner("desk", "desk"),
                         withheld_from_owner=("select",))  # fmt: skip
    observed = {key: value for facts in lacking.values() for key, value in facts.items()}
    expected = {
        key: {"owner": ANYTHING, "withheld_from_owner": ()}.get(key.attribute, value)
        for key, value in observed.items()
    }
    found = compare(expected, observed, COMMUNITY).findings.values()
    said = {finding.object: (finding.message, len(finding.others)) for finding in found}
    assert said == {
        "a.t": ("tables a.t, a.u: their owner desk has no usage on schema a", 1),
        "a.v": ("table a.v: its owner Ops has no usage on schema a", 0),
        "b.w": ("table b.w: its owner desk has no usage on schema B", 0),
        "a.x": (said["a.x"][0], 0),
        "a.y": (said["a.y"][0], 0),
    }
    assert "insert, usage on schema a" in said["a.x"][0]
    (quoted,) = (finding.hint for finding in found if finding.object == "b.w")
    assert quoted.endswith('Run GRANT USAGE ON SCHEMA "B" TO desk.')


def settled(findings, *accepted):
    policy = Policy("audit", date(2026, 1, 1), tuple(Acceptance(id_, "why") for id_ in accepted))
    return settle(Verdict(EngineUsed("url", "u"), tuple(findings)), policy, whole=False)


def test_each_of_several_is_accepted_by_its_own_id():
    (finding,) = compare({}, triggers(3), COMMUNITY).findings.values()
    first, second, third = finding.ids
    assert settled([finding], second).findings[0].ids == (first, third)
    (left,) = settled([finding], first, third).findings
    assert (left.id, left.object, left.others) == (second, "t01.audited", ())
    assert left.message.endswith(
        "(2 of these are accepted, or in the baseline: t00.audited, t02.audited)"
    )
    all_of_them = settled([finding], first, second, third)
    assert not all_of_them.findings
    assert [item.reason for item in all_of_them.accepted] == ["why"]
    assert not settled([finding], "trigger:*.audited:exists").findings
    assert not settled([finding], "trigger").findings


def test_a_new_trigger_counts_where_the_baseline_has_the_others():
    (finding,) = compare({}, triggers(4), COMMUNITY).findings.values()
    policy = Policy("audit", date(2026, 1, 1), old=frozenset(finding.ids[:3]))
    verdict = settle(Verdict(EngineUsed("url", "u"), (finding,)), policy, whole=False)
    assert [item.id for item in verdict.findings] == ["trigger:t03.audited:exists"]
    policy = replace(policy, old=frozenset(finding.ids))
    verdict = settle(Verdict(EngineUsed("url", "u"), (finding,)), policy, whole=False)
    assert not verdict.findings
    assert len(verdict.old) == 1


def test_findings_of_one_cause_are_split_again():
    observed = triggers(3)
    compared = compare(DECLARED, observed, COMMUNITY)
    findings, consequences = split(compared.findings, compared.consequences)
    assert {finding.id for finding in findings.values()} == {
        "table:prices:exists",
        *(f"trigger:t0{number}.audited:exists" for number in range(3)),
    }
    assert {key: cause.id for key, cause in consequences.items()} == {
        key: key.existence.id for key in {**DECLARED, **observed} if key.attribute != EXISTS
    }
