"""Writes of tables with triggers: a body that names what is gone fails when a row is written."""

from __future__ import annotations

import pytest

from .projects import models, sql

TOUCH = (
    "CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " NEW.{0} := coalesce(NEW.{0}, 0); RETURN NEW; END $$"
)
ON_PLACES = "CREATE TRIGGER touch BEFORE {0} ON places FOR EACH ROW EXECUTE FUNCTION touch()"
ON_READINGS = "CREATE TRIGGER touch BEFORE UPDATE ON readings FOR EACH ROW EXECUTE FUNCTION touch()"
LOG = (
    "CREATE TABLE notes (place_id integer)",
    "CREATE FUNCTION log() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " INSERT INTO notes VALUES (OLD.id); RETURN OLD; END $$",
    "CREATE TRIGGER log AFTER UPDATE ON places FOR EACH ROW EXECUTE FUNCTION log()",
)
#: What an application sets in each session, and what the path of its role has.
SETS = (
    "CREATE FUNCTION log() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " PERFORM current_setting('app.person'); RETURN NEW; END $$",
    "CREATE TRIGGER log BEFORE UPDATE ON places FOR EACH ROW EXECUTE FUNCTION log()",
)
ELSEWHERE = ("CREATE SCHEMA logs", "CREATE TABLE logs.notes (place_id integer)", *LOG[1:])
COMMENT = "COMMENT ON TABLE places IS 'x'"
RENAME = "ALTER TABLE places RENAME size TO area"


def found(session, project, earlier, *change):
    project.revision(sql(*earlier), "raise NotImplementedError")
    project.revision(sql(*change), "raise NotImplementedError", revision="0003", parent="0002")
    report = project.rehearse(session, models(), since="0002")
    return [
        (item.subject, item.statement, item.message.partition(",")[0])
        for item in report.findings
        if item.code == "writes-fail"
    ]


@pytest.mark.parametrize(
    ("earlier", "change", "fails"),
    [
        ((TOUCH.format("size"), ON_PLACES.format("INSERT OR UPDATE")), (RENAME,),
         [("places", "INSERT and UPDATE")]),
        ((TOUCH.format("size"), ON_PLACES.format("INSERT")), (RENAME, TOUCH.format("area")), []),
        ((TOUCH.format("area"), ON_PLACES.format("UPDATE")), (COMMENT,), []),
        ((TOUCH.format("value"), ON_READINGS), ("ALTER TABLE readings RENAME value TO v",),
         [("readings", "UPDATE")]),
        (LOG, ("ALTER TABLE notes RENAME TO remarks",), [("places", "UPDATE")]),
        (LOG, (COMMENT,), []),
        ((COMMENT,), LOG, []),
        ((COMMENT,), LOG[1:], [("places", "UPDATE")]),
        ((COMMENT,), SETS, []),
        ((COMMENT,), ELSEWHERE, []),
    ],
    ids=[
        "rename", "replaced", "broken before", "hypertable", "renamed table", "other change",
        "new", "new and wrong", "of a setting", "in another schema",
    ],
)  # fmt: skip
def test_a_trigger_that_names_what_is_gone(session, project, earlier, change, fails):
    assert [
        (table, said.removeprefix("After the upgrade every ").removesuffix(f" of {table} fails"))
        for table, _, said in found(session, project, earlier, *change)
    ] == fails


def test_the_only_statement_about_the_table_is_named(session, project):
    earlier = (TOUCH.format("size"), ON_PLACES.format("UPDATE"))
    ((_, number, _),) = found(session, project, earlier, RENAME)
    assert number is not None
