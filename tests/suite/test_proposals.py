"""What autogenerate proposes is told in words; two values of one default are Alembic's mistake."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import (
    CheckConstraint,
    Column,
    DefaultClause,
    ForeignKeyConstraint,
    Index,
    MetaData,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import JSON, Date, DateTime, Double, Integer, Text, Uuid

from conformance.comparing.capabilities import Capabilities
from conformance.comparing.comparison import compare
from conformance.comparing.facts import EXISTS, FactKey
from conformance.engines.connecting import connect
from conformance.pipeline import check_database
from conformance.suite.proposals import describe_proposals, proposals
from conformance.suite.test_migrations import comparison_works


def table(metadata, *columns):
    return Table("clocks", metadata, Column("id", Integer, primary_key=True), *columns)


def read_at(default):
    return Column("read_at", DateTime(timezone=True), server_default=text(default))


def proposed(connection, database, models):
    """What Alembic proposes if the database was made from the first metadata."""
    database.create_all(connection)
    context = MigrationContext.configure(connection, opts={"compare_server_default": True})
    return compare_metadata(context, models)


@pytest.mark.parametrize(
    ("kind", "stored", "declared"),
    [
        (Double, "random() * 2", "RANDOM() * (2)::float8"),
        (Uuid, "gen_random_uuid()", "GEN_RANDOM_UUID()"),
        (Double, "random() + extract(epoch FROM now())", "RANDOM() + EXTRACT(EPOCH FROM NOW())"),
    ],
)
def test_two_values_of_one_default_are_alembics_mistake(conformance_engine, kind, stored, declared):
    """Like two readings of a clock, which differ only if the clock ticks between them."""
    database, models = MetaData(), MetaData()
    table(database, Column("one", kind, server_default=text(stored)))
    table(models, Column("one", kind, server_default=text(declared)))
    found, phrase = found_of(conformance_engine, database, models)
    assert (found.id, found.severity) == ("migration:alembic:alembic_check", "error")
    assert found.message.startswith("migration: alembic check proposes changes by a mistake of its")
    assert "both defaults of clocks.one are the same" in found.hint
    assert f"{declared} declared" in phrase


def found_of(engine, database, models):
    """The one finding of what Alembic proposes, and its one phrase."""
    with engine.database() as url, connect(url) as connection:
        connection.execute(text("CREATE EXTENSION IF NOT EXISTS timescaledb"))
        diffs = proposed(connection, database, models)
        compared = check_database(connection, models, engine.capabilities)
    (found,) = proposals(diffs, diffs, models, compared)
    return found, "".join(describe_proposals(diffs))


def test_what_a_library_proposes_is_named():
    """As alembic_utils describes the operation: a name and its SQL."""
    diff = ("drop_entity", "PGView: desk.latest", "DROP VIEW desk.latest")
    assert describe_proposals([diff]) == ["drop_entity PGView: desk.latest"]


def test_another_default_is_a_difference(conformance_engine):
    database, models = MetaData(), MetaData()
    table(database, read_at("clock_timestamp()"))
    table(models, read_at("timestamptz '2025-01-01'"))
    found, phrase = found_of(conformance_engine, database, models)
    assert (found.id, found.kind) == ("column:clocks.read_at:default", "column")
    assert "timestamptz '2025-01-01' declared" in phrase


def test_a_default_without_a_comparison_is_no_mistake_of_alembic():
    sides = (DefaultClause(text(side)) for side in ("random()", "RANDOM()"))
    diffs = [[("modify_default", None, "t", "a", {}, *sides)]]
    (found,) = proposals(diffs, diffs, MetaData(), comparison())
    assert "Alembic evaluates" not in found.hint


def test_every_kind_of_change_has_words(conformance_engine):
    database, models = MetaData(), MetaData()
    table(database, Column("gone", Integer))
    wanted = table(models, Column("new", Integer))
    Index("ix_clocks_new", wanted.c.new)
    Table("watches", models, Column("id", Integer))
    with conformance_engine.database() as url, connect(url) as connection:
        phrases = describe_proposals(proposed(connection, database, models))
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
        (("add_index", Index("ix_without_a_key", of_table().c.a)), ("table", "t", "")),
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
    with conformance_engine.database() as url, connect(url) as connection:
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


def test_what_is_for_another_database_is_neither_expected_nor_proposed(conformance_engine):
    """SQLAlchemy does not create it here; Alembic proposes to."""
    elsewhere = MetaData()
    clocks = table(elsewhere, Column("name", Text))
    Index("ix_name", clocks.c.name).ddl_if(dialect="sqlite")
    named = CheckConstraint("name <> ''", name="named").ddl_if(dialect=("mysql", "sqlite"))
    clocks.append_constraint(named)
    Index("ix_id", clocks.c.id).ddl_if(callable_=lambda *_, dialect, **__: dialect.name == "oracle")
    here = Index("ix_name_id", clocks.c.name, clocks.c.id).ddl_if(dialect=("postgresql", "sqlite"))
    with conformance_engine.database() as url, connect(url) as connection:
        connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS timescaledb")
        elsewhere.create_all(connection)
        diffs = compare_metadata(MigrationContext.configure(connection), elsewhere)
        proposed = ["add_index ix_id on clocks", "add_index ix_name on clocks"]
        assert describe_proposals(diffs) == proposed
        compared = check_database(connection, elsewhere, conformance_engine.capabilities)
        assert not compared.findings
        assert not proposals(diffs, diffs, elsewhere, compared)
        here.drop(connection)
        compared = check_database(connection, elsewhere, conformance_engine.capabilities)
        assert [key.id for key in compared.findings] == ["index:clocks.ix_name_id:exists"]


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


def test_a_table_that_a_function_of_env_py_leaves_out():
    """With include_schemas=True, env.py keeps its own choice."""
    left_out = ("add_table", of_table("u", "lab"))
    there = dict.fromkeys([FactKey("table", "lab.u", "", EXISTS)], True)
    compared = compare(there, there, Capabilities(community_edition=True))
    (found,) = proposals([left_out], [left_out], left_out[1].metadata, compared)
    assert (found.id, found.severity) == ("migration:alembic:alembic_check", "warning")
    assert "A function of env.py leaves out lab.u, which the models declare" in found.hint
    assert "include_schemas" not in found.hint


def test_a_comparison_that_fails_is_one_finding_of_all_checks(conformance_engine):
    """Alembic compares defaults by an operator, which the type json lacks."""
    metadata, recorded = MetaData(), []
    table(metadata, Column("note", JSON, server_default="{}"))
    with (
        conformance_engine.database() as url,
        connect(url) as connection,
        pytest.raises(pytest.fail.Exception, match="alembic check fails: UndefinedFunction"),
        comparison_works(lambda *given: recorded.append(given)),
    ):
        proposed(connection, metadata, metadata)
    ((_, found),) = recorded
    assert json.loads(found)["id"] == "migration:alembic:alembic_check"


def test_partitions_are_named_as_what_env_py_leaves_out():
    """Alembic takes a partition for a table that the models lack."""
    models = MetaData()
    options = {"postgresql_partition_by": "RANGE (day)"}
    Table("events", models, Column("day", Date), schema="plant", **options)
    removed = ("remove_table", of_table("events_2026", "plant"))
    (found,) = proposals([removed], [removed], models, comparison())
    assert "If plant.events_2026 are partitions: Alembic takes them for tables." in found.hint
    known = replace(
        comparison(), sides=({}, {FactKey("table", "plant.events_2026", "", EXISTS): 1})
    )
    (found,) = proposals([removed], [removed], models, known)
    assert "partitions" not in found.hint
    (found,) = proposals([removed], [removed], MetaData(), comparison())
    assert "partitions" not in found.hint
