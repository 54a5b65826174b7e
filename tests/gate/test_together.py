"""Several revisions in one go, as they are deployed: what one leaves open meets the next."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, Integer, PrimaryKeyConstraint, Table

from conformance.declarations import Retention

from .projects import ENV, Project, models, sql

PER_MIGRATION = ENV.replace(
    'attributes["connection"])', 'attributes["connection"], transaction_per_migration=True)'
).replace(
    """    context.execute("SET LOCAL lock_timeout = '5s'")\n    context.run_migrations()""",
    """    context.execute("SET lock_timeout = '5s'")\n    context.run_migrations()""",
)
ADD = sql("ALTER TABLE places ADD COLUMN area integer")
READ = sql("SELECT count(*) FROM readings")


def with_area():
    metadata = models()
    metadata.tables["places"].append_column(Column("area", Integer))
    return metadata


def add_and_read(project, head=""):
    project.revision(ADD, sql("ALTER TABLE places DROP COLUMN area"))
    project.revision(READ, revision="0003", parent="0002", head=head)


def test_a_lock_of_one_is_held_while_the_next_works(session, project):
    add_and_read(project)
    (finding,) = project.rehearse(session, with_area()).findings
    assert finding.id == "lock-held:0003:places"
    assert finding.message.startswith("Revision 0002 takes an ACCESS EXCLUSIVE lock on places,")
    assert "transaction_per_migration" in finding.hint


def test_it_can_be_accepted_by_the_one_that_works(session, project):
    add_and_read(project, head='accepted = {"lock-held:places": "0002 is out already"}')
    report = project.rehearse(session, with_area())
    assert [finding.accepted for finding in report.findings] == ["0002 is out already"]


def test_in_transactions_of_their_own_they_do_not_meet(session, tmp_path):
    project = Project.made_in(tmp_path, PER_MIGRATION)
    add_and_read(project)
    assert project.rehearse(session, with_area()).findings == ()


@pytest.mark.parametrize("env", [ENV, PER_MIGRATION], ids=["one", "each"])
def test_what_only_fails_in_one_transaction(session, tmp_path, env):
    project = Project.made_in(tmp_path, env)
    project.revision(
        sql(
            "ALTER TABLE places ADD COLUMN within integer CONSTRAINT fk_within REFERENCES places "
            "(id) DEFERRABLE INITIALLY DEFERRED"
        ),
        sql("ALTER TABLE places DROP COLUMN within"),
    )
    project.revision(
        sql("UPDATE places SET within = id"),
        sql("UPDATE places SET within = NULL"),
        revision="0003",
        parent="0002",
        head='accepted = {"data-changed": "it is meant", "lock-held": "places are few"}',
    )
    project.revision(
        sql("ALTER TABLE places DROP COLUMN within"),
        sql("ALTER TABLE places ADD COLUMN within integer"),
        revision="0004",
        parent="0003",
        head='accepted = {"data-lost": "it is meant"}',
    )
    report = project.rehearse(session, models())
    failed = [finding for finding in report.findings if finding.code == "upgrade-failed"]
    assert len(failed) == (env is ENV), report.findings
    for finding in failed:
        assert finding.revision == "0004"
        assert "pending trigger events" in finding.message
        assert "DROP COLUMN within" in finding.message


@pytest.mark.parametrize(
    ("left", "differs"),
    [
        (("SET search_path = sheds, public",), True),
        (("SET LOCAL search_path = sheds, public",), True),
        (("SET search_path = public, sheds",), False),
        (("SET search_path = sheds, public", "RESET search_path"), False),
    ],
)
def test_a_setting_that_one_leaves_for_the_next(session, project, left, differs):
    project.revision(sql("CREATE SCHEMA sheds", *left), sql("DROP SCHEMA sheds"))
    project.revision(
        sql("CREATE TABLE tools (id integer CONSTRAINT pk_tools PRIMARY KEY)"),
        sql("DROP TABLE tools"),
        revision="0003",
        parent="0002",
    )
    metadata = models()
    identifier = Column("id", Integer, autoincrement=False)
    Table("tools", metadata, identifier, PrimaryKeyConstraint("id", name="pk_tools"))
    found = project.rehearse(session, metadata).findings
    assert [finding.id for finding in found] == ["together-differs:0003"] * differs, found
    for finding in found:
        assert "table sheds.tools is new" in finding.message
        assert "table tools is gone" in finding.message


def test_what_depends_on_the_clock_differs_in_each_run(session, project):
    """Not because of the order of the revisions, nor in the offline SQL alone."""
    if session.engine.server.edition != "community":
        pytest.skip("needs the Community edition")
    project.revision(
        sql(
            "SELECT add_retention_policy('readings', INTERVAL '90 days', initial_start => now())",
        ),
        sql("SELECT remove_retention_policy('readings')"),
        head='accepted = {"data-lost": "they are old"}',
    )
    project.revision(
        ADD, sql("ALTER TABLE places DROP COLUMN area"), revision="0003", parent="0002"
    )
    metadata = with_area()
    Table("readings", metadata, Retention(drop_after="90 days"), extend_existing=True)
    report = project.rehearse(session, metadata)
    assert [finding.id for finding in report.findings if finding.fails] == []
