"""What checks say that a whole run seldom meets: they are called as functions, without a server."""

from __future__ import annotations

import json
from contextlib import nullcontext
from inspect import signature
from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest
from alembic.config import Config
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from sqlalchemy import Column, MetaData, Table, Text
from sqlalchemy.exc import OperationalError
from sqlalchemy.types import UserDefinedType

from conformance.comparing.codes import ERROR, WARNING
from conformance.comparing.facts import KINDS, FactKey
from conformance.comparing.findings import Finding, NotChecked
from conformance.engines.base import Template
from conformance.errors import MigrationFailed
from conformance.known_gaps import KNOWN_GAPS
from conformance.strategies import NotDerivable
from conformance.suite import (
    conftest,
    test_facts,
    test_faults,
    test_histories,
    test_known_gaps,
    test_migrations,
    test_rows,
    test_sessions,
)
from conformance.suite.cutting_proxy import Manner, Moment
from conformance.suite.unmigrated import Unmigrated
from models import Signal


class Strange(UserDefinedType):
    """A type of which no value is known."""

    def get_col_spec(self, **_):
        return "strange"


NO_KEY = Table("notes", MetaData(), Column("words", Text), Column("odd", Strange))


class Recorded:
    """The record of a check, and what is on it."""

    def __init__(self):
        self._items = []

    def __call__(self, name, value):
        self._items.append((name, value))

    def findings(self):
        return [json.loads(value)["id"] for name, value in self._items if name == "finding"]

    def parts(self):
        return dict(json.loads(value) for name, value in self._items if name == "part_not_checked")

    def __getitem__(self, name):
        return dict(self._items)[name]


@pytest.fixture
def record():
    return Recorded()


def finding(key, *, severity=ERROR, disagreement="different"):
    parts = key.kind, key.table, key.attribute, disagreement
    return Finding(key.id, *parts, 1, 2, f"{key.id} differs", "", severity=severity)


HOLDS, DIFFERS, FOLLOWS, UNKNOWN, ALONE = (
    FactKey("column", "prices", name, "exists") for name in ("a", "b", "c", "d", "e")
)
COMPARISON = SimpleNamespace(
    sides=(dict.fromkeys((HOLDS, DIFFERS, FOLLOWS, UNKNOWN), True), {}),
    names={},
    findings={
        DIFFERS: finding(DIFFERS),
        ALONE: finding(ALONE, disagreement="unexpected"),
    },
    consequences={FOLLOWS: finding(DIFFERS)},
    not_checked={UNKNOWN: NotChecked(UNKNOWN.id, "nobody knows")},
    accounted={},
    seen=(),
    left=(),
)


def test_every_fact_at_once(record):
    """Of the facts in one check the verdict needs to know what became of each."""
    with pytest.raises(pytest.fail.Exception, match=f"{DIFFERS.id} differs"):
        test_facts.test_fact([HOLDS, DIFFERS, FOLLOWS, UNKNOWN], COMPARISON, record)
    assert record.findings() == [DIFFERS.id]
    assert json.loads(record["facts"]) == {
        "by_kind": {"column": 1},
        "not_checked": [[UNKNOWN.id, "nobody knows"]],
        "moot": [FOLLOWS.id],
    }
    test_facts.test_fact([HOLDS, FOLLOWS, UNKNOWN], COMPARISON, record)


def test_one_fact(record):
    test_facts.test_fact([HOLDS], COMPARISON, record)
    with pytest.raises(pytest.fail.Exception, match=f"{DIFFERS.id} differs"):
        test_facts.test_fact([DIFFERS], COMPARISON, record)
    with pytest.raises(pytest.skip.Exception, match=f"moot: {DIFFERS.id} differs"):
        test_facts.test_fact([FOLLOWS], COMPARISON, record)
    with pytest.raises(pytest.skip.Exception, match="not checked: nobody knows"):
        test_facts.test_fact([UNKNOWN], COMPARISON, record)


def test_what_only_the_database_has(record):
    with pytest.raises(pytest.fail.Exception):
        test_facts.test_nothing_undeclared("column", COMPARISON, record)
    assert record.findings() == [ALONE.id]
    for kind in {*KINDS} - {"column", KINDS[0]}:
        test_facts.test_nothing_undeclared(kind, COMPARISON, record)


@pytest.mark.parametrize("severity", [WARNING, ERROR])
def test_a_rule_that_is_broken(record, severity):
    """A warning is told by a check that passes."""
    key = FactKey("refresh-gap", "prices", "", "policies")
    found = {key: finding(key, severity=severity), DIFFERS: finding(DIFFERS)}
    fails = pytest.raises(pytest.fail.Exception) if severity == ERROR else nullcontext()
    with fails:
        test_facts.test_policies_make_sense(SimpleNamespace(findings=found), record)
    assert record.findings() == [key.id]


def not_checked(record, check, *given):
    """The reason for which a check, or a fixture of it, is not made."""
    with pytest.raises(pytest.skip.Exception, match="not checked: ") as skipped:
        check(*given)
    reason = str(skipped.value).removeprefix("not checked: ")
    assert record is None or record["not_checked"] == reason
    return reason


def begun(fixture):
    """What a fixture that yields does before the check."""
    return lambda *given: next(fixture.__wrapped__(*given))


def test_an_extension_that_the_engine_lacks(record):
    check = test_migrations.test_every_extension_is_there
    check(lambda: SimpleNamespace(left_out=set()), record)
    lacking = SimpleNamespace(left_out={"postgis"})
    reason = not_checked(record, check, lambda: lacking, record)
    assert reason.startswith("this engine lacks the extension postgis, and the migrations ran")


def test_a_statement_that_the_engine_ran_otherwise(record):
    check = test_migrations.test_every_statement_runs_as_written
    check(lambda: SimpleNamespace(not_concurrently=()), record)
    changed = SimpleNamespace(not_concurrently=("REINDEX TABLE CONCURRENTLY prices",))
    assert "REINDEX TABLE CONCURRENTLY" in not_checked(record, check, lambda: changed, record)


@pytest.fixture
def first(monkeypatch):
    """The first upgrade, whose database has other facts by now."""
    monkeypatch.setattr(test_migrations, "facts_of", lambda *_: {})
    connection = SimpleNamespace(rollback=lambda: None)
    return test_migrations.FirstUpgrade(connection, {HOLDS: True}, [], set())


CHANGED = f"a test changed the shared database: .*{HOLDS.id}: "


def test_a_check_that_changes_the_shared_database(first, monkeypatch):
    monkeypatch.setattr(test_migrations, "migrations_or_skip", lambda *_: None)
    monkeypatch.setattr(test_migrations, "_upgrade", lambda *_: first)
    fixture = test_migrations.upgraded.__wrapped__(None, None, None, None)
    assert next(fixture)() is first
    with pytest.raises(AssertionError, match=CHANGED):
        next(fixture)


def test_a_database_that_was_changed_before_the_last_check(first):
    with pytest.raises(AssertionError, match=CHANGED):
        test_migrations.spent.__wrapped__(lambda: first, None)
    first.facts = {}
    assert test_migrations.spent.__wrapped__(lambda: first, None) is first.connection
    assert first.spent


def test_an_extension_that_one_session_loads_once():
    engine = SimpleNamespace(server_url=None)
    unmigrated = Unmigrated(engine, SimpleNamespace(insist_on_the_extension=lambda: True))
    reason = not_checked(None, unmigrated.database(extension=False).__enter__)
    assert "this engine can load TimescaleDB only once per database" in reason


def test_revisions_without_a_head(tmp_path):
    (tmp_path / "versions").mkdir()
    config = Config()
    config.set_main_option("script_location", str(tmp_path))
    with pytest.raises(MigrationFailed, match="There is no revision in"):
        test_migrations.test_single_head_revision(config)


def test_models_without_an_index(record):
    check = test_migrations.test_alembic_check_sees_a_dropped_index
    reason = not_checked(record, check, None, None, MetaData(), record)
    assert reason == "the models do not declare an index to drop"


def test_models_without_a_hypertable(record):
    given = None, None, MetaData(), record
    reason = not_checked(record, test_faults.targets.__wrapped__, *given)
    assert reason == "the models do not declare a hypertable"


def test_models_without_compression(record):
    targets = [SimpleNamespace(table=NO_KEY)]
    given = None, None, targets, None, record
    reason = not_checked(record, test_faults.test_compression_survives, *given)
    assert reason == "the models do not declare compression"


def test_a_server_that_no_proxy_reaches(record, monkeypatch):
    def refused(_operation):
        raise OperationalError("SELECT 1", None, Exception("connection\nrefused"))

    behind = nullcontext(SimpleNamespace(count=refused))
    monkeypatch.setattr(test_faults, "behind_a_proxy", lambda *_: behind)
    reason = not_checked(record, begun(test_faults.interruptions), None, None, record)
    assert reason == "no connection through a proxy: connection refused"


def test_a_gap_that_needs_what_the_server_lacks(record):
    lacking = SimpleNamespace(missing=lambda *needs: f"lacks {needs}")
    engine = SimpleNamespace(capabilities=lacking)
    known = next(known for known in KNOWN_GAPS if known.needs)
    reason = not_checked(record, test_known_gaps.test_known_gap, known, None, engine, record)
    assert reason == f"lacks {known.needs}"


def test_models_without_mapped_classes(pytestconfig):
    given = pytestconfig, MetaData()
    reason = not_checked(None, conftest.writes.__wrapped__, *given)
    assert reason == "no class is mapped to a table of the models"


def test_a_history_of_a_table_without_a_key(record):
    scope = SimpleNamespace(default_schema="public", name=lambda _, table: table)
    comparison = SimpleNamespace(findings={}, consequences={})
    given = NO_KEY, None, None, scope, comparison, None, record
    reason = not_checked(record, test_histories.subject.__wrapped__, *given)
    assert reason.startswith("cannot generate histories: notes has 0 unique constraints")


def test_histories_whose_parents_cannot_be_inserted():
    def database(_template):
        raise ValueError("no row satisfies the checks")

    capabilities = SimpleNamespace(community_edition=True)
    engine = SimpleNamespace(capabilities=capabilities, database=database)
    template = Template("schema", "key", lambda _: None)
    reason = not_checked(None, begun(test_histories.stage), engine, template, MetaData())
    assert reason == "cannot insert parent rows for these models: no row satisfies the checks"


def test_a_history_of_rows_that_cannot_be_drawn(record, monkeypatch):
    def drawn(*_, **__):
        raise Unsatisfiable("no example was found")

    quick = MagicMock(profile="quick")
    for name, instead in {
        "generation_of": lambda _: quick,
        "history_of": lambda *_: None,
        "rules_not_played": lambda _: {"restart": "it cannot be restarted"},
        "run_state_machine_as_test": drawn,
    }.items():
        monkeypatch.setattr(test_histories, name, instead)
    stage = SimpleNamespace(histories=2, rows=5)
    subject = SimpleNamespace(table=NO_KEY)
    check = test_histories.test_history
    reason = not_checked(record, check, subject, stage, SimpleNamespace(config=None), record)
    assert reason == "cannot generate rows: no example was found"
    assert record["tried"] == {"histories": 0, "rows": 0}
    parts = record.parts()
    assert parts.pop("rows:notes:history:restart") == "it cannot be restarted"
    assert parts.keys() == {"rows:notes:odd"}
    assert parts["rows:notes:odd"].startswith("plain rows only: the column is NULL in every row")


def test_rows_that_cannot_be_drawn(request, record, monkeypatch):
    class Trial:
        rows = examples = 0

        def __init__(self, *_, **__):
            pass

        def run(self, undo):
            undo()
            raise Unsatisfiable("no example was found")

    monkeypatch.setattr(test_rows, "Trial", Trial)
    connection = SimpleNamespace(rollback=lambda: None)
    try_all = test_rows.examples.__wrapped__(connection, request, record)
    reason = not_checked(record, try_all, None, lambda *_: None)
    assert reason == "cannot generate rows: no example was found"


def test_a_scenario_of_rows_that_cannot_be_derived(request, record):
    def derived(_):
        raise NotDerivable(NO_KEY, [("the check is not understood", "")])

    scenarios = conftest.scenarios.__wrapped__(request, record)
    reason = not_checked(record, scenarios, st.none().map(derived), lambda _: None)
    assert reason == "cannot generate rows: the check is not understood"


@pytest.fixture
def upgraded_twice(monkeypatch, record):
    """A function that makes the check of two upgrades, which give these errors and findings."""

    def check(complaints, found, *, of_one=()):
        monkeypatch.setattr(test_sessions, "upgrade_at_once", lambda *_: complaints)
        twice = SimpleNamespace(findings=found)
        monkeypatch.setattr(test_sessions, "check_database", lambda *_: twice)
        once = SimpleNamespace(findings=dict.fromkeys(of_one))
        engine = SimpleNamespace(capabilities=None)
        test_sessions.test_two_migrations_at_once(
            "sqlite://", None, engine, None, None, once, record
        )

    return check


def test_two_upgrades(upgraded_twice):
    """What one upgrade leaves as well is told by another check; warnings are none of two."""
    upgraded_twice(["", ""], {})
    upgraded_twice(["", ""], {DIFFERS: finding(DIFFERS)}, of_one=[DIFFERS])
    upgraded_twice(["", ""], {DIFFERS: finding(DIFFERS, severity=WARNING)})


@pytest.mark.parametrize(
    ("complaints", "found", "severity"),
    [
        (["", "relation exists"], {}, WARNING),
        (["", ""], {DIFFERS: finding(DIFFERS)}, ERROR),
    ],
)
def test_two_upgrades_of_which_one_fails(upgraded_twice, record, complaints, found, severity):
    with pytest.raises(pytest.fail.Exception, match="two upgrades at the same time fail"):
        upgraded_twice(complaints, found)
    assert json.loads(record["finding"])["severity"] == severity


MANNERS = list(Manner)
CUTS = MANNERS, 0
AT_THE_END = [Manner.AFTER]


@pytest.mark.parametrize(
    ("check", "drawn", "method", "manners"),
    [
        ("a_batch_is_whole_or_not_there", (["call"], CUTS), "interrupt_call", MANNERS),
        ("compression_is_whole_or_not_there", (["work"], CUTS), "interrupt_work", MANNERS),
        ("a_migration_is_whole_or_not_there", CUTS, "interrupt", MANNERS),
        ("batches_survive", (["call", "other"], 0), "interrupt_call", AT_THE_END),
        ("compression_survives", (["work"], 0), "interrupt_work", AT_THE_END),
        ("a_migration_survives", 0, "interrupt", AT_THE_END),
    ],
)
def test_what_is_interrupted(check, drawn, method, manners):
    """Each check of faults interrupts its work at these moments, and completes a migration."""
    subject = MagicMock(messages=8)
    if check.endswith(("batches_survive", "compression_survives")):
        drawn = subject, *drawn
    if "migration" not in check:
        subject.messages = lambda _: 8
        subject.table = Signal.__table__
    fixtures = {
        "target": subject,
        "targets": [subject],
        "migration": subject,
        "scenarios": lambda _strategy, holds, **_: holds(drawn),
    }
    function = getattr(test_faults, f"test_{check}")
    function(*(fixtures.get(name, MagicMock()) for name in signature(function).parameters))
    of_it = [call for call in subject.method_calls if call[0] == method]
    found = [given.manner for call in of_it for given in call[1] if isinstance(given, Moment)]
    assert found == manners
    # What ends the session or the server comes last.
    survives = check.endswith(("survive", "survives"))
    assert all(isinstance(call[1][-1], Moment) is not survives for call in of_it)
    assert ("complete" in [call[0] for call in subject.method_calls]) is ("migration" in check)
