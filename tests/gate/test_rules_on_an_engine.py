"""Each rule has a revision that gives exactly its finding, and one close to it that gives none.

Those of some rules are examples of migrations, which `test_examples.py` gives to the gate.
"""

from __future__ import annotations

import pytest
from sqlalchemy import CheckConstraint, Column, Index, Integer, Table

from conformance.declarations import Retention

from .projects import Case, sql


def column(table, name, kind, **options):
    return lambda metadata: metadata.tables[table].append_column(Column(name, kind, **options))


def two_tables(metadata):
    for name in ("boxes", "lids"):
        Table(name, metadata, Column("id", Integer))


def indexed(table, *columns):
    return lambda metadata: Index(
        f"ix_{table}", *(metadata.tables[table].c[name] for name in columns)
    )


def checked(table, text):
    return lambda metadata: metadata.tables[table].append_constraint(
        CheckConstraint(text, name=f"ck_{table}")
    )


def retained(age):
    return lambda metadata: Table(
        "readings", metadata, Retention(drop_after=age), extend_existing=True
    )


def named_places(name):
    def edit(metadata):
        metadata.tables["places"].c.size.name = name

    return edit


ADD = sql("ALTER TABLE places ADD COLUMN area integer")
DROP = sql("ALTER TABLE places DROP COLUMN area")
WITH_AREA = column("places", "area", Integer)
COUNT = "op.execute('SELECT count(*) FROM readings')"

GIVEN = sql("INSERT INTO places (id, name) OVERRIDING SYSTEM VALUE VALUES (900, 'far')")
UNGIVEN = sql("DELETE FROM places WHERE id = 900")

CASES = (
    Case("a nullable column", ADD, DROP, edit=WITH_AREA),
    Case("a lock held", f"{ADD}\n{COUNT}", DROP, {"lock-held"}, WITH_AREA),
    Case(
        "a sequence that is altered while another statement works",
        sql("ALTER SEQUENCE places_id_seq RESTART WITH 5000", "SELECT count(*) FROM readings"),
        "pass",
        {"lock-held"},
    ),
    Case(
        "a sequence that is altered at the end",
        sql("SELECT count(*) FROM readings", "ALTER SEQUENCE places_id_seq RESTART WITH 5000"),
        "pass",
    ),
    Case(
        "a sequence that goes on",
        sql("SELECT setval('places_id_seq', 5000)", "SELECT count(*) FROM readings"),
        "pass",
    ),
    Case("work before the lock", f"{COUNT}\n{ADD}", DROP, edit=WITH_AREA),
    Case(
        "no lock timeout",
        f"op.execute('SET LOCAL lock_timeout = 0')\n{ADD}",
        DROP,
        {"no-lock-timeout"},
        WITH_AREA,
    ),
    Case(
        "no lock timeout, and no lock",
        sql("SET LOCAL lock_timeout = 0", "CREATE TABLE boxes (id integer)"),
        sql("DROP TABLE boxes"),
        edit=lambda metadata: Table("boxes", metadata, Column("id", Integer)),
    ),
    Case(
        "an index",
        sql("CREATE INDEX ix_places ON places (size)"),
        sql("DROP INDEX ix_places"),
        {"lock-scan"},
        indexed("places", "size"),
    ),
    Case(
        "an index of a new table",
        sql("CREATE TABLE boxes (id integer)", "CREATE INDEX ix_boxes ON boxes (id)"),
        sql("DROP TABLE boxes"),
        edit=lambda metadata: Table(
            "boxes", metadata, column_id := Column("id", Integer), Index("ix_boxes", column_id)
        ),
    ),
    Case(
        "a constraint before 2.20",
        sql("ALTER TABLE readings ADD CONSTRAINT ck_readings CHECK (place_id > -9)"),
        sql("ALTER TABLE readings DROP CONSTRAINT ck_readings"),
        {"compression-forbids", "lock-scan"},
        checked("readings", "place_id > -9"),
        community=True,
    ),
    Case(
        "a constraint and no version",
        sql("ALTER TABLE readings ADD CONSTRAINT ck_readings CHECK (place_id > -9)"),
        sql("ALTER TABLE readings DROP CONSTRAINT ck_readings"),
        {"compression-forbids", "lock-scan"},
        checked("readings", "place_id > -9"),
        minimum=None,
        community=True,
    ),
    Case(
        "a constraint from 2.20 on",
        sql("ALTER TABLE readings ADD CONSTRAINT ck_readings CHECK (place_id > -9)"),
        sql("ALTER TABLE readings DROP CONSTRAINT ck_readings"),
        {"lock-scan"},
        checked("readings", "place_id > -9"),
        minimum="2.20",
        community=True,
    ),
    Case(
        "a warning",
        f"""{ADD}\nop.execute("DO $$ BEGIN RAISE WARNING 'beware'; END $$")""",
        DROP,
        {"warning"},
        WITH_AREA,
    ),
    Case(
        "a notice",
        f"""{ADD}\nop.execute("DO $$ BEGIN RAISE NOTICE 'hear'; END $$")""",
        DROP,
        edit=WITH_AREA,
    ),
    Case(
        "values overwritten", sql("UPDATE readings SET value = 1.5"), "pass", {"data-overwritten"},
        decompresses=True,
    ),
    Case(
        "values overwritten by declaration",
        sql("UPDATE places SET name = 'x'"),
        "pass",
        {"data-overwritten", "irreversible"},
        head='irreversible = "the names are not kept"',
    ),
    Case(
        "values overwritten by a downgrade that says so",
        sql("UPDATE places SET name = 'x'"),
        "raise NotImplementedError",
        {"data-overwritten", "irreversible"},
    ),
    Case(
        "values replaced beside rows that are new",
        sql("UPDATE places SET name = 'x'", "INSERT INTO places (name) VALUES ('y')"),
        sql("DELETE FROM places WHERE name = 'y'"),
        {"data-overwritten", "data-changed"},
    ),
    Case(
        "values that the downgrade restores",
        sql("UPDATE places SET size = size # 1"),
        sql("UPDATE places SET size = size # 1"),
        {"data-changed"},
    ),
    Case(
        "values where there were none",
        sql("UPDATE places SET size = 0 WHERE size IS NULL"),
        "pass",
        {"data-changed"},
    ),
    Case(
        "values overwritten on purpose",
        sql("UPDATE places SET name = 'x'"),
        "pass",
        {"data-overwritten"},
        head='accepted = {"data-overwritten:places.name": "they were wrong"}',
    ),
    Case(
        "values overwritten by who accepts that they change",
        sql("UPDATE places SET name = 'x'"),
        "pass",
        {"data-overwritten"},
        head='accepted = {"data-changed": "they were wrong"}',
    ),
    Case("a sequence that begins again", sql("ALTER TABLE places ALTER id RESTART"), "pass",
         {"sequence-behind"}),
    Case("numbers given by hand", GIVEN, UNGIVEN, {"sequence-behind", "data-changed"}),
    Case(
        "numbers given by hand, and the sequence after them",
        GIVEN + "\n" + sql("SELECT setval('places_id_seq', max(id)) FROM places"),
        UNGIVEN,
        {"data-changed"},
    ),
    Case(
        "rows that stay as they are", sql("UPDATE readings SET value = value"), "pass",
        decompresses=True,
    ),
    Case(
        "rows written again where they are",
        sql(
            "INSERT INTO readings OVERRIDING SYSTEM VALUE SELECT * FROM readings "
            "ON CONFLICT (id, at) DO UPDATE SET value = readings.value"
        ),
        "pass",
        decompresses=True,
    ),
    Case(
        "rows of a hypertable that no row is",
        sql("UPDATE readings SET value = value WHERE place_id < 0"),
        "pass",
    ),
    Case("new rows", sql("INSERT INTO places (name) VALUES ('x')"), "pass", {"data-changed"}),
    Case(
        "a renamed column",
        sql("ALTER TABLE places RENAME COLUMN size TO area"),
        sql("ALTER TABLE places RENAME COLUMN area TO size"),
        {"squawk:renaming-column"},
        named_places("area"),
    ),
    Case(
        "never NULL, as a check has shown",
        sql(
            "DELETE FROM readings WHERE place_id IN (SELECT id FROM places WHERE size IS NULL)",
            "DELETE FROM places WHERE size IS NULL",
            "ALTER TABLE places ADD CONSTRAINT ck_size CHECK (size IS NOT NULL)",
            "ALTER TABLE places ALTER size SET NOT NULL",
            "ALTER TABLE places DROP CONSTRAINT ck_size",
        ),
        sql("ALTER TABLE places ALTER size DROP NOT NULL"),
        {"lock-scan", "data-lost", "squawk:ban-drop-constraint"},
        lambda metadata: setattr(metadata.tables["places"].c.size, "nullable", False),
        decompresses=True,
    ),
    Case(
        "an interruption that the next run mends",
        "with op.get_context().autocommit_block():\n"
        "    op.execute('CREATE TABLE IF NOT EXISTS boxes (id integer)')\n"
        "    op.execute('CREATE TABLE IF NOT EXISTS lids (id integer)')",
        sql("DROP TABLE boxes", "DROP TABLE lids"),
        edit=two_tables,
    ),
    Case(
        "a lock without a timeout after a COMMIT",
        sql("COMMIT", "ALTER TABLE places ADD COLUMN IF NOT EXISTS area integer"),
        DROP,
        {"no-lock-timeout"},
        WITH_AREA,
    ),
    Case(
        "a lock that a COMMIT releases",
        sql(
            "ALTER TABLE places ADD COLUMN IF NOT EXISTS area integer",
            "COMMIT",
            "BEGIN",
            "SELECT count(*) FROM readings",
        ),
        DROP,
        edit=WITH_AREA,
    ),
    Case(
        "a lock that the driver's commit releases",
        sql("ALTER TABLE places ADD COLUMN IF NOT EXISTS area integer")
        + "\nif not context.is_offline_mode():\n    op.get_bind().connection.commit()\n"
        + sql("SELECT count(*) FROM readings"),
        DROP,
        edit=WITH_AREA,
    ),
    Case("a downgrade that fails", ADD, sql("DROP TABLE nothing"), {"downgrade"}, WITH_AREA),
    Case(
        "a function left",
        sql("CREATE FUNCTION one() RETURNS integer LANGUAGE sql AS 'SELECT 1'"),
        "pass",
        {"downgrade-missing"},
    ),
    Case(
        "a privilege left",
        sql("GRANT SELECT ON places TO PUBLIC"),
        "pass",
        {"drift", "downgrade-missing"},
    ),
    Case(
        "a privilege taken back",
        sql("GRANT SELECT (name) ON places TO PUBLIC"),
        sql("REVOKE SELECT (name) ON places FROM PUBLIC"),
        {"drift"},
    ),
    Case("a comment left", sql("COMMENT ON COLUMN places.size IS 'm'"), "pass", {"trace-left"}),
    Case(
        "a storage parameter left",
        sql("ALTER TABLE places SET (fillfactor = 70)"),
        "pass",
        {"downgrade-missing"},
    ),
    Case("rows deleted", sql("DELETE FROM readings WHERE place_id > 2"), "pass", {"data-lost"}),
    Case("a hypertable emptied", sql("TRUNCATE readings"), "pass", {"data-lost"}),
    Case(
        "chunks dropped",
        sql("SELECT drop_chunks('readings', older_than => TIMESTAMPTZ 'infinity')"),
        "pass",
        {"data-lost"},
    ),
    Case(
        "a retention policy",
        sql("SELECT add_retention_policy('readings', INTERVAL '90 years')"),
        sql("SELECT remove_retention_policy('readings')"),
        {"data-lost"},
        retained("90 years"),
        community=True,
    ),
    Case(
        "a retention policy that does not stay",
        sql(
            "SELECT add_retention_policy('readings', INTERVAL '80 years')",
            "SELECT remove_retention_policy('readings')",
        ),
        "pass",
        community=True,
    ),
    Case(
        "chunks compressed",
        sql("SELECT compress_chunk(chunk, true) FROM show_chunks('readings') chunk"),
        "pass",
        {"rewrite"},
        community=True,
    ),
    Case(
        "chunks decompressed",
        sql("SELECT decompress_chunk(chunk, true) FROM show_chunks('readings') chunk"),
        "pass",
        {"lock-scan"},
        community=True,
    ),
    Case(
        "a function that is made online only",
        "if not context.is_offline_mode():\n"
        """    op.execute("CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'")""",
        "op.execute('DROP FUNCTION IF EXISTS one()')",
        {"offline-differs"},
    ),
    Case(
        "irreversible by declaration",
        ADD,
        "pass",
        {"irreversible"},
        WITH_AREA,
        head='irreversible = "the old form is not kept"',
    ),
    Case(
        "irreversible by NotImplementedError",
        ADD,
        "raise NotImplementedError('no way')",
        {"irreversible"},
        WITH_AREA,
    ),
    Case(
        "another thing offline",
        f"if not context.is_offline_mode():\n    {ADD}",
        DROP,
        {"offline-differs"},
        WITH_AREA,
    ),
    Case(
        "a chunk detached",
        sql(
            "DO $$ DECLARE c regclass; BEGIN SELECT x INTO c FROM show_chunks('readings') x"
            " ORDER BY 1 LIMIT 1; CALL detach_chunk(c); END $$"
        ),
        "raise NotImplementedError",
        {"data-changed", "drift", "irreversible"},
        community=True,
    ),
    Case(
        "a table made the child of another",
        sql("CREATE TABLE spots (name text NOT NULL)", "ALTER TABLE places INHERIT spots"),
        sql("ALTER TABLE places NO INHERIT spots", "DROP TABLE spots"),
        {"drift"},
    ),
    Case(
        "an upgrade that rows refuse",
        sql("ALTER TABLE places ADD COLUMN area integer NOT NULL"),
        DROP,
        {"upgrade-failed"},
    ),
    Case(
        "a reason for no finding", ADD, DROP, {"accepted-in-vain"}, WITH_AREA,
        head='accepted = {"rewrite": "for fun"}',
    ),
    Case(
        "no reason",
        ADD,
        "pass",
        {"downgrade-missing", "accepted-without-reason"},
        WITH_AREA,
        head='accepted = {"downgrade-missing": " "}',
    ),
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_the_rule_says_exactly_that(case, session, project):
    server = session.engine.server
    if case.community and server.edition != "community":
        pytest.skip("needs the Community edition")
    if case.community and server.timescaledb.startswith(("2.17.", "2.18.", "2.19.")):
        pytest.skip("this TimescaleDB refuses what later ones allow")
    project.revision(case.upgrade, case.downgrade, head=case.head)
    report = project.rehearse(session, case.models())
    messages = "\n".join(f"{item.id}: {item.message}" for item in report.findings)
    assert {finding.code for finding in report.findings} == case.codes_on(server.edition), messages
    for finding in report.findings:
        if finding.code == "compression-forbids":
            assert finding.fails is (case.minimum is not None)
        assert finding.message.endswith((".", ";", ")")), finding.message
        assert finding.hint
    assert report.exit_code == any(finding.fails for finding in report.findings)
