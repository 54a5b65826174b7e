"""Writes of tables with triggers: a body that names what is gone fails when a row is written."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from conformance.engines.connecting import connect

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
COUNT = (
    "CREATE TABLE notes (place_id integer)",
    "CREATE FUNCTION log() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " INSERT INTO notes VALUES (NEW.id); RETURN NEW; END $$",
    "CREATE TRIGGER log AFTER INSERT ON {0} FOR EACH ROW EXECUTE FUNCTION log()",
)
#: A table of which no column can be given another value.
NUMBERS = (
    "CREATE TABLE numbers (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY)",
    "CREATE FUNCTION log() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "CREATE TRIGGER log BEFORE INSERT ON numbers FOR EACH ROW EXECUTE FUNCTION log()",
    "CREATE TABLE nothing ()",
    "CREATE TRIGGER log BEFORE INSERT ON nothing FOR EACH ROW EXECUTE FUNCTION log()",
)
PARTS = (
    "CREATE TABLE parts (id integer, size integer) PARTITION BY RANGE (id)",
    "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (MINVALUE) TO (MAXVALUE)",
    TOUCH.format("size"),
    "CREATE TRIGGER touch BEFORE UPDATE ON parts FOR EACH ROW EXECUTE FUNCTION touch()",
)
LATE = (
    *LOG[:2],
    "CREATE CONSTRAINT TRIGGER log AFTER UPDATE ON places DEFERRABLE INITIALLY DEFERRED"
    " FOR EACH ROW EXECUTE FUNCTION log()",
)
SEEN = (
    *LOG[:2],
    "CREATE VIEW seen AS SELECT id, size FROM places",
    "CREATE TRIGGER log INSTEAD OF {0} ON seen FOR EACH ROW EXECUTE FUNCTION log()",
)
#: It does not run if no value changes.
IF_CHANGED = (
    "CREATE TRIGGER touch BEFORE UPDATE ON {0} FOR EACH ROW"
    " WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch()"
)
ELSEWHERE = ("CREATE SCHEMA logs", "CREATE TABLE logs.notes (place_id integer)", *LOG[1:])
HAS_MODDATETIME = text("SELECT 1 FROM pg_available_extensions WHERE name = 'moddatetime'")
COMMENT = "COMMENT ON TABLE places IS 'x'"
RENAME = "ALTER TABLE places RENAME size TO area"


def on(table, statements):
    return tuple(statement.format(table) for statement in statements)


def found(session, project, earlier, *change):
    project.revision(sql(*earlier), "raise NotImplementedError")
    project.revision(sql(*change), "raise NotImplementedError", revision="0003", parent="0002")
    report = project.rehearse(session, models(), since="0002")
    return [
        (item.subject, item.statement, item.message)
        for item in report.findings
        if item.code == "writes-fail"
    ]


@pytest.mark.parametrize(
    ("earlier", "change", "fails"),
    [
        ((TOUCH.format("size"), ON_PLACES.format("INSERT OR UPDATE")), (RENAME,),
         [("places", "INSERT, UPDATE")]),
        ((TOUCH.format("size"), ON_PLACES.format("INSERT")), (RENAME, TOUCH.format("area")), []),
        ((TOUCH.format("area"), ON_PLACES.format("UPDATE")), (COMMENT,), []),
        ((TOUCH.format("value"), ON_READINGS), ("ALTER TABLE readings RENAME value TO v",),
         [("readings", "UPDATE")]),
        (LOG, ("ALTER TABLE notes RENAME TO remarks",), [("places", "UPDATE")]),
        (LOG, (COMMENT,), []),
        (on("places", COUNT), ("ALTER TABLE notes RENAME TO remarks",), [("places", "INSERT")]),
        (on("readings", COUNT), ("ALTER TABLE notes RENAME TO remarks",), [("readings", "INSERT")]),
        (on("readings", COUNT), (COMMENT,), []),
        ((COMMENT,), NUMBERS, []),
        (PARTS, ("ALTER TABLE parts RENAME size TO area",), [("parts", "UPDATE")]),
        ((COMMENT,), LOG, []),
        ((COMMENT,), LOG[1:], [("places", "UPDATE")]),
        ((COMMENT,), SETS, []),
        ((COMMENT,), ELSEWHERE, []),
        (LATE, ("ALTER TABLE notes RENAME TO remarks",), [("places", "UPDATE")]),
        (LATE, (COMMENT,), []),
        (on("INSERT OR UPDATE OR DELETE", SEEN), ("ALTER TABLE notes RENAME TO remarks",),
         [("seen", "INSERT, UPDATE, DELETE")]),
        (on("INSERT", SEEN), (COMMENT,), []),
        ((TOUCH.format("size"), IF_CHANGED.format("places")), (RENAME,), [("places", "UPDATE")]),
        ((TOUCH.format("value"), IF_CHANGED.format("readings")),
         ("ALTER TABLE readings RENAME value TO v",), [("readings", "UPDATE")]),
        ((TOUCH.format("size"), IF_CHANGED.format("places")), (COMMENT,), []),
    ],
    ids=[
        "rename", "replaced", "broken before", "hypertable", "renamed table", "other change",
        "after it is there", "after it is in a chunk", "no other change", "no column to change",
        "partitioned",
        "new", "new and wrong", "of a setting", "in another schema",
        "deferred", "deferred, no other change", "of a view", "of a view, no other change",
        "with a condition", "of a hypertable with a condition", "condition, no other change",
    ],
)  # fmt: skip
def test_a_trigger_that_names_what_is_gone(session, project, earlier, change, fails):
    assert [
        (table, said.partition(" (")[2].partition(")")[0])
        for table, _, said in found(session, project, earlier, *change)
    ] == fails


@pytest.mark.parametrize(
    ("earlier", "change", "number"),
    [
        ((TOUCH.format("size"), ON_PLACES.format("UPDATE")), (RENAME, COMMENT), 4),
        (LOG, (COMMENT, "ALTER TABLE notes RENAME TO remarks"), 5),
        ((COMMENT,), LOG[1:], 4),
    ],
    ids=["column", "another table", "new and wrong"],
)
def test_the_statement_about_what_is_gone_is_named(session, project, earlier, change, number):
    ((_, statement, _),) = found(session, project, earlier, *change)
    assert statement == number


@pytest.mark.parametrize(
    ("later", "severity"),
    [(TOUCH.format("area"), "warning"), (COMMENT, "error")],
    ids=["mended", "not mended"],
)
def test_what_a_later_revision_mends_only_fails_between_the_two(session, project, later, severity):
    changes = {"0002": (TOUCH.format("size"), ON_PLACES.format("UPDATE")), "0003": (RENAME,)}
    for revision, change in (changes | {"0004": (later,)}).items():
        parent = f"{int(revision) - 1:04}"
        project.revision(
            sql(*change), "raise NotImplementedError", revision=revision, parent=parent
        )
    report = project.rehearse(session, models(), since="0002")
    (item,) = [item for item in report.findings if item.code == "writes-fail"]
    assert (item.revision, item.severity) == ("0003", severity)
    assert ("A later revision mends this" in item.hint) is (severity == "warning")


def test_a_trigger_of_an_extension(session, project):
    """moddatetime has an error of its own."""
    with session.engine.database() as url, connect(url) as connection:
        if not connection.scalar(HAS_MODDATETIME):
            pytest.skip("the server does not have the extension moddatetime")
    earlier = (
        "CREATE EXTENSION moddatetime",
        "ALTER TABLE places ADD changed timestamptz",
        "CREATE TRIGGER touch BEFORE UPDATE ON places FOR EACH ROW"
        " EXECUTE FUNCTION moddatetime(changed)",
    )
    change = (COMMENT, "ALTER TABLE places RENAME changed TO changed_at")
    ((table, statement, message),) = found(session, project, earlier, *change)
    assert (table, statement) == ("places", 5)
    assert 'has no attribute "changed"' in message
