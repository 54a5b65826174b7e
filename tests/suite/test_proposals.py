"""What autogenerate proposes is told in words; two readings of a clock are Alembic's mistake."""

from __future__ import annotations

import json

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import (
    Column,
    DefaultClause,
    ForeignKeyConstraint,
    Index,
    MetaData,
    Table,
    UniqueConstraint,
    create_engine,
    pool,
    text,
)
from sqlalchemy.types import JSON, DateTime, Integer

from conformance.comparing.capabilities import Capabilities
from conformance.comparing.comparison import compare
from conformance.comparing.facts import EXISTS, FactKey
from conformance.pipeline import check_database
from conformance.suite.proposals import describe_proposals, false_proposals, proposals
from conformance.suite.test_migrations import comparison_works


def table(metadata, *columns):
    return Table("clocks", metadata, Column("id", Integer, primary_key=True), *columns)


def read_at(default):
    return Column("read_at", DateTime(timezone=True), server_default=text(default))


def proposed(url, database, models):
    """What Alembic proposes if the database was made from the first metadata."""
    with create_engine(url, poolclass=pool.NullPool).connect() as connection:
        database.create_all(connection)
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        return compare_metadata(context, models)


@pytest.mark.parametrize(
    ("stored", "declared"),
    [
        ("clock_timestamp()", "CLOCK_TIMESTAMP()"),
        ("timezone('utc'::text, clock_timestamp())", "timezone('utc', clock_timestamp())"),
    ],
)
def test_two_readings_of_a_clock_are_alembics_mistake(stored, declared):
    """A difference that Alembic sees only if the clock ticks between its two readings."""
    sides = (DefaultClause(text(side)) for side in (stored, declared))
    diffs = [[("modify_default", None, "clocks", "read_at", {}, *sides)]]
    assert false_proposals(diffs) == ["clocks.read_at"]
    (phrase,) = describe_proposals(diffs)
    assert phrase == (
        f"modify_default of clocks.read_at: {stored} in the database, {declared} declared"
    )


def test_another_default_is_a_difference(conformance_engine):
    database, models = MetaData(), MetaData()
    table(database, read_at("clock_timestamp()"))
    table(models, read_at("timestamptz '2025-01-01'"))
    with conformance_engine.database() as url:
        diffs = proposed(url, database, models)
    assert false_proposals(diffs) == []
    assert "timestamptz '2025-01-01' declared" in describe_proposals(diffs)[0]


def test_every_kind_of_change_has_words(conformance_engine):
    database, models = MetaData(), MetaData()
    table(database, Column("gone", Integer))
    wanted = table(models, Column("new", Integer))
    Index("ix_clocks_new", wanted.c.new)
    Table("watches", models, Column("id", Integer))
    with conformance_engine.database() as url:
        phrases = describe_proposals(proposed(url, database, models))
    assert sorted(phrases) == [
        "add_column clocks.new",
        "add_index ix_clocks_new on clocks",
        "add_table watches",
        "remove_column clocks.gone",
    ]


def comparison(*keys):
    missing = dict.fromkeys(keys, True)
    return compare(missing, {}, Capabilities(community_edition=True))


def of_table(name="t", schema=None):
    return Table(name, MetaData(), Column("a", Integer), schema=schema)


@pytest.mark.parametrize(
    ("proposal", "key"),
    [
        (("add_index", Index("ix_t_a", of_table().c.a)), ("index", "t", "ix_t_a")),
        (("add_table", of_table(schema="lab")), ("table", "lab.t", "")),
        (("add_column", "lab", "t", Column("b", Integer)), ("column", "lab.t", "b")),
        (("add_table_comment", of_table(), None), ("comment", "t", "")),
        (("modify_comment", None, "t", "a", {}, None, "x"), ("comment", "t", "a")),
    ],
    ids=lambda item: item[0],
)
def test_a_proposal_that_follows_from_a_finding_is_that_finding(proposal, key):
    key = FactKey(*key, EXISTS)
    compared = comparison(key)
    (found,) = proposals([proposal], [proposal], MetaData(), compared)
    assert found == compared.findings[key]
    (found,) = proposals([proposal], [proposal], MetaData(), comparison())
    assert (found.id, found.severity) == ("migration:alembic:alembic_check", "error")


def test_constraints_without_a_name_are_counted_with_their_findings(conformance_engine):
    database, models = MetaData(), MetaData()
    for metadata, constraints in (
        (database, ()),
        (models, (ForeignKeyConstraint(["door"], ["doors.id"]), UniqueConstraint("door"))),
    ):
        Table("doors", metadata, Column("id", Integer, primary_key=True))
        Table("clocks", metadata, Column("door", Integer), *constraints)
    with (
        conformance_engine.database() as url,
        create_engine(url, poolclass=pool.NullPool).connect() as connection,
    ):
        connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS timescaledb")
        database.create_all(connection)
        diffs = compare_metadata(MigrationContext.configure(connection), models)
        compared = check_database(connection, models, conformance_engine.capabilities)
    assert len(diffs) == 2
    found = [finding.id for finding in proposals(diffs, diffs, models, compared)]
    assert sorted(found) == [
        "foreign_key:clocks.clocks_door_fkey:exists",
        "unique:clocks.clocks_door_key:exists",
    ]
    (other,) = proposals(diffs[:1], diffs[:1], models, comparison())
    assert other.id == "migration:alembic:alembic_check"


def test_a_finding_about_the_same_object_explains_nothing_else():
    """A missing comment does not make a column nullable, nor an index of another table missing."""
    nullable = ("modify_nullable", None, "t", "a", {}, True, False)
    index = ("add_index", Index("ix_a", of_table("u").c.a))
    compared = comparison(
        FactKey("comment", "t", "a", EXISTS), FactKey("index", "t", "ix_a", EXISTS)
    )
    (found,) = proposals([[nullable], index], [[nullable], index], MetaData(), compared)
    assert (found.id, found.severity) == ("migration:alembic:alembic_check", "error")
    assert found.observed == describe_proposals([nullable, index])


def test_what_env_py_alone_proposes_stays_a_warning_beside_a_cause():
    missing, noise = ("add_table", of_table()), ("add_table", of_table("u", "lab"))
    compared = comparison(FactKey("table", "t", "", EXISTS))
    found = proposals([missing, noise], [missing], noise[1].metadata, compared)
    assert [(one.id, one.severity) for one in found] == [
        ("table:t:exists", "error"),
        ("migration:alembic:alembic_check", "warning"),
    ]
    assert "pass include_schemas=True" in found[1].hint


def test_a_comparison_that_fails_is_one_finding_of_all_checks(conformance_engine):
    """Alembic compares defaults by an operator, which the type json lacks."""
    metadata, recorded = MetaData(), []
    table(metadata, Column("note", JSON, server_default="{}"))
    with (
        conformance_engine.database() as url,
        pytest.raises(pytest.fail.Exception, match="alembic check fails: UndefinedFunction"),
        comparison_works(lambda *given: recorded.append(given)),
    ):
        proposed(url, metadata, metadata)
    ((_, found),) = recorded
    assert json.loads(found)["id"] == "migration:alembic:alembic_check"
