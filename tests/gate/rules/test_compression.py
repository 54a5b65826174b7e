"""What compressed hypertables refuse, told from what a revision changed."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.comparing.facts import EXISTS, FactKey
from conformance.gate.evidence.evidence import Evidence, Failure
from conformance.gate.evidence.report import Statement
from conformance.gate.evidence.state import Column, Contents, State
from conformance.gate.revisions.new import Revision
from conformance.gate.rules.compression import (
    Versions,
    judge_compression,
    refused_for_compression,
)

REVISION = Revision("2", ("1",), "", Path("2.py"), "2.py", {})
PLAIN = Column("v", "integer", not_null=False, computed=False, has_default=False, digest=0)
SEGMENT = replace(PLAIN, name="s", not_null=True)
NEW = replace(PLAIN, name="n")
FACTS = {
    FactKey("compression", "t", "", EXISTS): True,
    FactKey("compression", "t", "", "segment_by"): ("s",),
    FactKey("compression", "t", "", "order_by"): ("o w DESC NULLS FIRST",),
}


def state(columns, constraints=None, *, compressed=True, oid=7):
    contents = Contents(oid, "t", compressed, 8, columns, (1,), constraints or {})
    return State(FACTS, Counter(), {oid: contents})


BEFORE = state({1: PLAIN, 2: SEGMENT, 3: replace(PLAIN, name="o w")}, {5: ("check", "old")})


def after(*, constraints=None, **columns):
    changed = {**BEFORE.contents[7].columns, **{int(key[1:]): v for key, v in columns.items()}}
    kept = {number: column for number, column in changed.items() if column is not None}
    return state(kept, {5: ("check", "old"), **(constraints or {})})


def test_every_table_is_looked_at():
    """Whatever became of those before it."""
    tables = {
        oid: replace(BEFORE.contents[7], oid=oid, name=f"t{oid}", compressed=oid != 2)
        for oid in range(1, 5)
    }
    wider = {1: replace(PLAIN, type="bigint")}
    later = {
        oid: replace(contents, columns=wider, oid=5 if oid == 3 else oid)
        for oid, contents in tables.items()
        if oid != 1
    }
    before, then = (State({}, Counter(), contents) for contents in (tables, later))
    assert found(then, before=before) == [("t4.v", "ALTER COLUMN TYPE")]


@pytest.mark.parametrize("name", ["s t u v w", "trailing ", "o"])
def test_a_name_may_have_spaces(name):
    column = replace(PLAIN, name=name)
    for attribute, text in (("segment_by", name), ("order_by", f"{name} DESC NULLS FIRST")):
        facts = {FactKey("compression", "t", "", attribute): (text,)}
        before = replace(state({1: PLAIN, 2: column}), facts=facts)
        then = replace(state({1: PLAIN}), facts=facts)
        change = "DROP COLUMN of a segment-by or order-by column"
        assert found(then, before=before) == [(f"t.{name}", change)]


def judged(state_after, *, before=BEFORE, declared=(), server="2.29.2", minimum="2.17"):
    evidence = Evidence(REVISION, before, after=state_after)
    return list(judge_compression(evidence, declared, Versions(server, minimum)))


def found(state_after, **known):
    return [
        (finding.subject, finding.message.partition(" (")[0])
        for finding in judged(state_after, **known)
    ]


@pytest.mark.parametrize(
    ("then", "subject", "change"),
    [
        (after(c1=replace(PLAIN, type="bigint")), "t.v", "ALTER COLUMN TYPE"),
        (after(c1=replace(PLAIN, not_null=True)), "t.v", "SET NOT NULL"),
        (after(c2=replace(SEGMENT, not_null=False)), "t.s", "DROP NOT NULL"),
        (after(c4=replace(NEW, not_null=True)), "t.n", "SET NOT NULL"),
        (
            after(c4=replace(NEW, computed=True, not_null=True)),
            "t.n",
            "ADD COLUMN with an identity or a generated value",
        ),
        (after(c2=None), "t.s", "DROP COLUMN of a segment-by or order-by column"),
        (after(c3=None), "t.o w", "DROP COLUMN of a segment-by or order-by column"),
        (after(constraints={6: ("check", "new")}), "t.new", "ADD CONSTRAINT"),
        (after(constraints={6: ("foreign key", "new")}), "t.new", "ADD CONSTRAINT"),
        (after(constraints={6: ("unique index", "new")}), "t.new", "CREATE UNIQUE INDEX"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_refused_change(then, subject, change):
    assert found(then) == [(subject, change)]


@pytest.mark.parametrize(
    "then",
    [
        BEFORE,
        after(c4=NEW),
        after(c4=replace(NEW, not_null=True, has_default=True)),
        after(c1=None),
        after(c1=replace(PLAIN, name="w")),
        after(c1=replace(PLAIN, has_default=True)),
        after(constraints={5: ("check", "renamed")}),
        state(dict(BEFORE.contents[7].columns), {}),
        state({1: NEW}, oid=8),
    ],
    ids=[
        "nothing", "nullable column", "constant default", "dropped column", "renamed column",
        "default", "renamed check", "dropped check", "another table of the name",
    ],
)  # fmt: skip
def test_an_allowed_change(then):
    assert found(then) == []


CHECKED = after(constraints={6: ("check", "c")})
WIDER = after(c1=replace(PLAIN, type="bigint"))


@pytest.mark.parametrize(
    ("server", "minimum", "severity", "hint"),
    [
        ("2.29.2", "2.17", "error", "Raise TimescaleDB(minimum=...) in the models to 2.20"),
        ("2.29.2", "2.19.3", "error", "Raise TimescaleDB(minimum=...) in the models to 2.20"),
        ("2.19.3", "2.19.3", "error", "Update TimescaleDB to 2.20"),
        ("2.19.3", "2.20", "error", "Update TimescaleDB to 2.20"),
        ("2.19.3", None, "error", "Update TimescaleDB to 2.20"),
        ("2.23.0-dev", None, "warning", 'Declare TimescaleDB(minimum="2.20") in the models'),
        ("2.20", "2.19.3", "error", "Raise TimescaleDB(minimum=...) in the models to 2.20"),
        ("2.20.0", None, "warning", 'Declare TimescaleDB(minimum="2.20") in the models'),
        ("2.29.2", "2.20", None, ""),
        ("2.20.0", "2.20.0", None, ""),
        ("2.23.0-dev", "2.29", None, ""),
    ],
)
def test_the_versions_that_matter_decide(server, minimum, severity, hint):
    findings = judged(CHECKED, server=server, minimum=minimum)
    assert [finding.severity for finding in findings] == ([] if severity is None else [severity])
    for finding in findings:
        assert finding.hint == f"{hint}, or make this change before compression is enabled."
        assert "TimescaleDB before 2.20 rejects the change" in finding.message
        unsaid = "The models do not say which version they need." in finding.message
        assert unsaid is (severity == "warning")


@pytest.mark.parametrize("minimum", [None, "2.17", "2.29"])
@pytest.mark.parametrize("then", [WIDER, after(c2=None)], ids=["a type", "a dropped column"])
def test_what_every_version_rejects_is_an_error_whatever_is_declared(then, minimum):
    (finding,) = judged(then, minimum=minimum)
    assert finding.severity == "error"
    assert "Raise" not in finding.hint
    assert "Declare" not in finding.hint


def test_a_type_is_refused_by_later_versions_too():
    (finding,) = judged(WIDER, minimum="2.29")
    assert "before 2.28, and later versions while a chunk is compressed" in finding.message


def test_a_table_without_compression_may_all_this():
    before = state({1: PLAIN}, compressed=False)
    then = state({1: replace(PLAIN, type="bigint")}, compressed=False)
    assert found(then, before=before) == []


def test_what_models_declare_counts_where_the_server_has_no_compression():
    before = state({1: PLAIN}, compressed=False)
    then = state({1: replace(PLAIN, type="bigint")}, compressed=False)
    assert found(then, before=before, declared=["t"]) == [("t.v", "ALTER COLUMN TYPE")]


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("FeatureNotSupported: not supported on hypertables that have columnstore enabled", 1),
        ("FeatureNotSupported: cannot add column to a hypertable that has compression enabled", 1),
        ("NotNullViolation: column contains null values", 0),
    ],
)  # fmt: skip
def test_the_servers_own_refusal(reason, said):
    evidence = Evidence(REVISION, BEFORE, failure=Failure(reason, "ALTER TABLE t ..."))
    assert len(list(judge_compression(evidence, (), Versions("2.29")))) == said


def test_an_error_of_python_is_no_refusal():
    evidence = Evidence(REVISION, BEFORE, failure=Failure("ValueError: compress what?"))
    assert list(judge_compression(evidence, (), Versions("2.29"))) == []


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("42P01", 'UndefinedTable: relation "compressed_prices" does not exist'),
        ("42883", "UndefinedFunction: function add_columnstore_policyy(unknown) does not exist"),
        ("42710", "DuplicateObject: compression policy already exists for hypertable"),
        ("23505", "UniqueViolation: could not create unique index of compress_x"),
        ("22P02", "InvalidTextRepresentation: invalid input of compression"),
        ("P0001", "RaiseException: decompress it yourself"),
        ("0A000", 'FeatureNotSupported: "compressed_prices" is not a materialized view'),
        ("0A000", 'FeatureNotSupported: columnstore not enabled on hypertable "t"'),
        ("0A000", 'FeatureNotSupported: compression not enabled on hypertable "t"'),
    ],
)
def test_a_name_that_sounds_like_compression_is_no_refusal(state, reason):
    failure = Failure(reason, "ALTER TABLE t ...", sqlstate=state)
    assert not refused_for_compression(failure)
    refusal = Failure("not on compressed chunks", "ALTER TABLE t ...", sqlstate="0A000")
    assert refused_for_compression(refusal)


@pytest.mark.parametrize(
    ("text", "again"),
    [
        ("ALTER TABLE t ALTER v TYPE bigint", False),
        ("ALTER TABLE t ALTER v TYPE bigint, DROP CONSTRAINT old, ADD CONSTRAINT old", True),
        ("ALTER TABLE t ALTER v TYPE bigint; COMMENT ON CONSTRAINT old ON t IS 'it is old'", False),
        ("DO $$ BEGIN ALTER TABLE t ALTER v TYPE bigint; CREATE UNIQUE INDEX old; END $$", True),
    ],
)
def test_a_constraint_that_a_type_builds_again_is_not_added(text, again):
    then = state(
        {**BEFORE.contents[7].columns, 1: replace(PLAIN, type="bigint")}, {6: ("check", "old")}
    )
    evidence = Evidence(REVISION, BEFORE, (Statement(4, text, 0.1),), after=then)
    judged = list(judge_compression(evidence, (), Versions("2.29.2", "2.17")))
    subjects = [item.subject for item in judged]
    assert subjects == (["t.v", "t.old"] if again else ["t.v"])
    assert [item.statement for item in judged] == [4] * len(judged)


def test_the_statement_that_makes_the_change_is_named():
    then = after(c1=replace(PLAIN, not_null=True))
    texts = ("ALTER TABLE t ALTER v SET NOT NULL", "CREATE INDEX ix_v ON t (v)")
    statements = tuple(Statement(number, text, 0.1) for number, text in enumerate(texts, 1))
    evidence = Evidence(REVISION, BEFORE, statements, after=then)
    (item,) = judge_compression(evidence, (), Versions("2.19.3", "2.17"))
    assert (item.subject, item.statement) == ("t.v", 1)
