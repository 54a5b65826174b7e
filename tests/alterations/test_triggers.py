"""Triggers, rules and row security policies: an undeclared one is a finding."""

from __future__ import annotations

import pytest

from conformance.declarations import (
    RowSecurity,
    RowSecurityPolicy,
    Rule,
    Trigger,
)

from .cases import Alteration, parametrize

FUNCTION = "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
TRIGGER = "CREATE TRIGGER swallow BEFORE INSERT ON {} FOR EACH ROW EXECUTE FUNCTION swallow();"
ROW = "INSERT INTO signals (signal_date, signal_type, value) VALUES ('2020-01-01', 'carry', 1);"

CASES = (
    Alteration(
        "trigger",
        FUNCTION + TRIGGER.format("instruments"),
        {"trigger:instruments.swallow:exists"},
    ),
    Alteration(
        "trigger on a hypertable",
        FUNCTION + TRIGGER.format("signals"),
        {"trigger:signals.swallow:exists"},
    ),
    Alteration(
        "trigger on a hypertable with chunks",
        FUNCTION + ROW + TRIGGER.format("signals"),
        {"trigger:signals.swallow:exists"},
    ),
    Alteration(
        "disabled trigger",
        FUNCTION
        + TRIGGER.format("instruments")
        + "ALTER TABLE instruments DISABLE TRIGGER swallow",
        {"trigger:instruments.swallow:exists"},
    ),
    Alteration(
        "statement trigger after everything",
        FUNCTION + "CREATE TRIGGER s AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON data_sources"
        " EXECUTE FUNCTION swallow()",
        {"trigger:data_sources.s:exists"},
    ),
    Alteration(
        "trigger under the name of TimescaleDB's",
        FUNCTION
        + TRIGGER.replace("swallow BEFORE", "ts_insert_blocker BEFORE").format("instruments"),
        {"trigger:instruments.ts_insert_blocker:exists"},
    ),
    Alteration(
        "rule on insert",
        "CREATE RULE swallow AS ON INSERT TO instruments DO INSTEAD NOTHING",
        {"rule:instruments.swallow:exists"},
    ),
    Alteration(
        "rule on delete",
        "CREATE RULE keep AS ON DELETE TO data_sources DO INSTEAD NOTHING",
        {"rule:data_sources.keep:exists"},
    ),
    Alteration(
        "rule beside an update",
        "CREATE RULE also AS ON UPDATE TO instruments DO ALSO DELETE FROM data_sources",
        {"rule:instruments.also:exists"},
    ),
    Alteration(
        "policy",
        "CREATE POLICY mine ON instruments USING (true)",
        {"row_security_policy:instruments.mine:exists"},
    ),
    Alteration(
        "policy in force",
        "CREATE POLICY active ON instruments FOR SELECT USING (is_active);"
        "ALTER TABLE instruments ENABLE ROW LEVEL SECURITY",
        {"row_security_policy:instruments.active:exists", "table:instruments:row_security"},
    ),
    Alteration(
        "restrictive policy",
        "CREATE POLICY narrow ON data_sources AS RESTRICTIVE FOR INSERT WITH CHECK (false)",
        {"row_security_policy:data_sources.narrow:exists"},
    ),
)


@parametrize(CASES)
def test_alteration(database, case):
    database.alter(case)
    database.expect(case.findings)


def test_message_has_the_definition(database):
    database.execute(FUNCTION + TRIGGER.format("instruments"))
    (finding,) = database.compare().findings.values()
    assert "CREATE TRIGGER swallow BEFORE INSERT ON instruments" in finding.message


SWALLOW = "trigger:instruments.swallow"
INSTRUMENTS = TRIGGER.format("instruments")


def _swallow(**changes) -> Trigger:
    usual = {"timing": "before", "events": "insert", "function": "swallow()"}
    return Trigger("swallow", **(usual | changes))


@pytest.mark.parametrize(
    ("create", "declared"),
    [
        (INSTRUMENTS, _swallow()),
        (INSTRUMENTS, _swallow(timing="BEFORE", events="INSERT", function="public.swallow()")),
        (INSTRUMENTS.replace("INSERT", "INSERT OR DELETE OR UPDATE OF name, ticker"),
         _swallow(events="update of ticker, name or insert or delete")),
        (INSTRUMENTS.replace("ROW", "STATEMENT"), _swallow(level="statement")),
        (INSTRUMENTS.replace("EXECUTE", "WHEN (NEW.id > 7 AND NEW.name IS NOT NULL) EXECUTE"),
         _swallow(condition="((new.id>7)) and new.name is not null")),
        (INSTRUMENTS.replace("BEFORE INSERT", "AFTER UPDATE")
         .replace("EXECUTE", "WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE"),
         _swallow(timing="after", events="update",
                  condition="old.* IS DISTINCT FROM new.*")),
        (INSTRUMENTS.replace("swallow()", "swallow('a', 'b')"),
         _swallow(function="swallow('a', 'b')")),
        (INSTRUMENTS.replace("TRIGGER", "CONSTRAINT TRIGGER").replace("BEFORE", "AFTER")
         .replace("FOR", "DEFERRABLE INITIALLY DEFERRED FOR"),
         _swallow(timing="after", deferrable="initially deferred")),
        (INSTRUMENTS.replace("BEFORE", "AFTER")
         .replace("FOR EACH ROW", "REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT"),
         _swallow(timing="after", level="statement", transition_tables=("fresh",))),
    ],
    ids=range(9),
)  # fmt: skip
def test_a_declared_trigger(database, create, declared):
    database.execute(FUNCTION + create)
    database.expect((), database.declaring("instruments", declared))


@pytest.mark.parametrize(
    ("create", "attributes"),
    [
        ("", {"exists"}),
        (INSTRUMENTS.replace("swallow BEFORE", "swallows BEFORE"), {"exists"}),
        (INSTRUMENTS.replace("BEFORE", "AFTER"), {"timing"}),
        (INSTRUMENTS.replace("INSERT", "UPDATE"), {"events"}),
        (INSTRUMENTS.replace("INSERT", "INSERT OR UPDATE OF name"), {"events"}),
        (INSTRUMENTS.replace("ROW", "STATEMENT"), {"level"}),
        (INSTRUMENTS.replace("swallow();", "swallow('a');"), {"function"}),
        (INSTRUMENTS.replace("EXECUTE", "WHEN (NEW.id > 7) EXECUTE"), {"condition"}),
        (INSTRUMENTS + "ALTER TABLE instruments DISABLE TRIGGER swallow", {"enabled"}),
        (INSTRUMENTS + "ALTER TABLE instruments ENABLE ALWAYS TRIGGER swallow", {"enabled"}),
    ],
    ids=range(10),
)
def test_a_declared_trigger_altered(database, create, attributes):
    database.execute(FUNCTION + create)
    findings = {f"{SWALLOW}:{attribute}" for attribute in attributes}
    database.expect(findings, database.declaring("instruments", _swallow()))


def test_another_condition(database):
    database.execute(FUNCTION + INSTRUMENTS.replace("EXECUTE", "WHEN (NEW.id > 7) EXECUTE"))
    metadata = database.declaring("instruments", _swallow(condition="NEW.id > 8"))
    database.expect({f"{SWALLOW}:condition"}, metadata)


def test_a_trigger_of_a_hypertable(database):
    database.execute(FUNCTION + ROW + TRIGGER.format("signals"))
    database.expect((), database.declaring("signals", _swallow()))


KEEP = "CREATE RULE keep AS ON DELETE TO data_sources DO INSTEAD NOTHING"
PRINTED = "CREATE RULE keep AS\n    ON DELETE TO data_sources DO INSTEAD NOTHING;"


@pytest.mark.parametrize(
    ("sql", "attributes"),
    [
        (KEEP, set()),
        ("", {"exists"}),
        (KEEP.replace("DELETE", "UPDATE"), {"definition"}),
        (KEEP.replace("INSTEAD NOTHING", "ALSO NOTIFY gone"), {"definition"}),
        (KEEP + "; ALTER TABLE data_sources DISABLE RULE keep", {"enabled"}),
    ],
)
def test_a_declared_rule(database, sql, attributes):
    database.execute(sql or "SELECT 1")
    metadata = database.declaring("data_sources", Rule("keep", definition=PRINTED))
    database.expect({f"rule:data_sources.keep:{name}" for name in attributes}, metadata)


POLICY = "CREATE POLICY active ON instruments FOR SELECT USING (is_active);"
ON = "ALTER TABLE instruments ENABLE ROW LEVEL SECURITY;"
ACTIVE = RowSecurityPolicy("active", command="SELECT", using="(is_active)")
FACT = "row_security_policy:instruments.active"


@pytest.mark.parametrize(
    ("sql", "findings"),
    [
        (POLICY + ON, set()),
        (POLICY, {"table:instruments:row_security"}),
        (ON, {f"{FACT}:exists"}),
        (ON + POLICY + ON.replace("ENABLE", "FORCE"), {"table:instruments:row_security"}),
        (ON + POLICY.replace("(is_active)", "(NOT is_active)"), {f"{FACT}:using"}),
        (ON + POLICY.replace("FOR SELECT", "FOR UPDATE"), {f"{FACT}:command"}),
        (ON + POLICY.replace("FOR SELECT", ""), {f"{FACT}:command"}),
        (ON + POLICY.replace("FOR SELECT", "AS RESTRICTIVE FOR SELECT"), {f"{FACT}:combined"}),
        (ON + POLICY.replace("FOR SELECT", "FOR SELECT TO pg_monitor"), {f"{FACT}:roles"}),
        (ON + POLICY.replace("FOR SELECT", "FOR UPDATE").replace(";", " WITH CHECK (true);"),
         {f"{FACT}:command", f"{FACT}:check"}),
    ],
    ids=range(10),
)  # fmt: skip
def test_a_declared_policy(database, sql, findings):
    database.execute(sql)
    database.expect(findings, database.declaring("instruments", RowSecurity(), ACTIVE))


def test_a_policy_for_roles_and_what_may_be_written(database):
    database.execute(
        ON + "CREATE POLICY active ON instruments FOR INSERT TO pg_monitor, pg_read_all_data"
        " WITH CHECK (id IN (1, 2))"
    )
    policy = RowSecurityPolicy(
        "active",
        command="insert",
        check="id = ANY (ARRAY[1, 2])",
        roles=("pg_read_all_data", "pg_monitor"),
    )
    database.expect((), database.declaring("instruments", RowSecurity(), policy))
