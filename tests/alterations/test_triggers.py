"""Triggers, rules and row security policies: none is declared, so any is a finding."""

from __future__ import annotations

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
