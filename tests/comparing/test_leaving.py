"""What a project leaves to others: by name, by schema, by kind and name."""

from __future__ import annotations

import pytest

from conformance.comparing.facts import Detail, FactKey
from conformance.comparing.leaving import circumstances_left, declared_and_left, leave
from conformance.comparing.policies.circumstances import (
    Circumstances,
    IntegerTime,
    Job,
    Late,
    Numbers,
)
from conformance.intervals import Interval


def key(kind, table, name="", attribute="exists"):
    return FactKey(kind, table, name, attribute)


OBSERVED = {
    key("extension", "celery_tools"): True,
    key("schema", "audit"): True,
    key("schema", "auditors"): True,
    key("table", "celery_task"): True,
    key("table", "celery_task", "", "owner"): "desk",
    key("table", "tanks"): True,
    key("table", "audit.log"): True,
    key("column", "celery_task", "id"): True,
    key("index", "celery_task", "ix_task"): True,
    key("sequence", "celery_task_id_seq"): Detail("", part=True),
    key("trigger", "tanks", "keep_insert"): True,
    key("trigger", "tanks", "keep_insert", "function"): "keep_history",
    key("trigger", "tanks", "stamp"): True,
    key("function", "keep_history()"): True,
    key("function", "keep_history(integer, text)"): True,
    key("privilege", "function keep_history()", "PUBLIC"): Detail("execute"),
    key("privilege", "celery_task (id)", "reader"): Detail("select"),
    key("view", "latest"): True,
}


def left(*patterns, default_schema="public"):
    remaining, found = leave(OBSERVED, patterns, default_schema)
    assert remaining == {key: OBSERVED[key] for key in remaining}
    gone = {item.id for item in OBSERVED.keys() - remaining.keys()}
    return gone, {item.pattern: list(item.objects) for item in found}


def test_nothing_left():
    assert leave(OBSERVED, (), "public") == (OBSERVED, ())


@pytest.mark.parametrize("pattern", ["celery_*", "public.celery_*"])
def test_a_name_takes_what_belongs_to_it(pattern):
    gone, named = left(pattern)
    assert gone == {
        "table:celery_task:exists", "table:celery_task:owner", "column:celery_task.id:exists",
        "index:celery_task.ix_task:exists", "sequence:celery_task_id_seq:exists",
        "privilege:celery_task (id).reader:exists",
    }  # fmt: skip
    assert named == {pattern: ["table celery_task"]}


def test_names_of_another_schema():
    assert left("public.celery_*", default_schema="desk") == (set(), {"public.celery_*": []})


def test_a_whole_schema():
    gone, named = left("audit.*")
    assert gone == {"table:audit.log:exists", "schema:audit:exists"}
    assert named == {"audit.*": ["schema audit", "table audit.log"]}


def test_a_kind_and_a_name():
    gone, named = left("trigger:tanks.keep_*")
    assert gone == {"trigger:tanks.keep_insert:exists", "trigger:tanks.keep_insert:function"}
    assert named == {"trigger:tanks.keep_*": ["trigger tanks.keep_insert"]}
    assert left("extension:celery_*")[0] == {"extension:celery_tools:exists"}


@pytest.mark.parametrize("pattern", ["table:celery_task", "table:celery_task:exists"])
def test_the_id_of_a_finding_will_do(pattern):
    assert left(pattern)[0] == {
        name for name in left("celery_task")[0] if "celery_task_id_seq" not in name
    }
    assert left("view:latest:exists")[1] == {"view:latest:exists": ["view latest"]}


def test_functions_with_and_without_arguments():
    gone, named = left("keep_history")
    assert gone == {
        "function:keep_history():exists", "function:keep_history(integer, text):exists",
        "privilege:function keep_history().PUBLIC:exists",
    }  # fmt: skip
    assert named["keep_history"] == [
        "function keep_history()", "function keep_history(integer, text)",
    ]  # fmt: skip
    assert left("function:keep_history()")[0] == {"function:keep_history():exists"}


def test_a_name_may_have_a_colon_or_a_bracket():
    index = {key("index", "tanks", "by:level"): True}
    assert leave(index, ("index:tanks.by:level",), "public")[0] == {}
    privilege = {key("privilege", "log (day (UTC)", "reader (old)"): Detail("select")}
    for pattern in ("log", "privilege:log"):
        assert leave(privilege, (pattern,), "public")[0] == {}


def test_objects_are_named_in_the_order_of_a_report():
    observed = {
        key("row_security_policy", "b", "own_rows"): True,
        key("index", "b", "ix"): True,
        key("function", "z()"): True,
        key("table", "a"): True,
    }
    (found,) = leave(observed, ("*",), "public")[1]
    assert found.objects == (
        "function z()", "table a", "index b.ix", "row security policy b.own_rows",
    )  # fmt: skip


def test_what_nothing_matches_is_named_with_none():
    assert left("django_*") == (set(), {"django_*": []})


def test_the_first_pattern_takes_it():
    assert left("celery_*", "celery_task")[1]["celery_task"] == []


def test_what_is_known_beside_facts_of_what_is_left():
    policy = key("policy", "celery_task", "retention")
    hour = Interval.parse("1 hour")
    theirs = Circumstances(
        (Job(policy, "desk"),),
        (IntegerTime("celery_task", "public.now"),),
        (Late(policy, 1, hour, hour),),
        (
            Numbers("celery_task_id_seq", "celery_task.id", 1, 9, 8, 9),
            Numbers("numbers", "celery_task.id", 1, 9, 8, 9),
        ),
        ((key("job-fails", "celery_task"), "not to be seen"),),
    )
    left_over = Circumstances(unread=theirs.unread)
    assert circumstances_left(theirs, ("celery_*",), "public") == left_over
    assert circumstances_left(theirs, ("django_*",), "public") == theirs


@pytest.mark.parametrize(
    ("pattern", "kept"),
    [
        ("hypertable:blocks", ((), ("ends", "free"))),
        ("sequence:ends", (("blocks",), ("free",))),
        ("column:audit.log.id", (("blocks",), ("free",))),
        ("audit.log", (("blocks",), ("free",))),
        ("column:audit", (("blocks",), ("ends", "free"))),
    ],
)
def test_a_kind_names_what_is_known_beside_facts(pattern, kept):
    circumstances = Circumstances(
        integer_times=(IntegerTime("blocks", "public.now"),),
        numbers=(Numbers("ends", "audit.log.id", 1, 9, 8, 9), Numbers("free", "", 1, 9, 8, 9)),
    )
    found = circumstances_left(circumstances, (pattern,), "public")
    times = tuple(time.table for time in found.integer_times)
    assert (times, tuple(numbers.sequence for numbers in found.numbers)) == kept


def test_what_the_models_declare_cannot_be_left():
    expected = {key("table", "tanks"): True, key("trigger", "tanks", "stamp"): True}
    assert declared_and_left(expected, ("celery_*", "trigger:tanks.keep_*"), "public") is None
    assert declared_and_left(expected, ("celery_*", "tank*"), "public") == (
        "tank*", key("table", "tanks"),
    )  # fmt: skip
    assert declared_and_left(expected, ("trigger:tanks.*",), "public") == (
        "trigger:tanks.*", key("trigger", "tanks", "stamp"),
    )  # fmt: skip


def test_of_several_declared_objects_the_first_of_a_report_is_named():
    """A report has tables before indexes, whatever their names."""
    expected = {key("index", "a", "ix"): True, key("table", "z"): True}
    assert declared_and_left(expected, ("*",), "public") == ("*", key("table", "z"))
