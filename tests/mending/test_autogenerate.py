"""`alembic revision --autogenerate` with the plugin proposes a migration that conforms."""

from __future__ import annotations

import io
import subprocess
import sys
from importlib.metadata import entry_points, version
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from alembic import command
from alembic.config import Config
from alembic.operations.ops import UpgradeOps
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    Enum,
    Identity,
    MetaData,
    NullPool,
    Sequence,
    Table,
    Text,
    create_engine,
    text,
)

from conformance.comparing.capabilities import Capabilities
from conformance.comparing.facts import FactKey
from conformance.declarations import (
    Compression,
    ContinuousAggregate,
    DatabaseObject,
    Function,
    Hypertable,
    Procedure,
    Refresh,
    Retention,
    RowSecurity,
    RowSecurityPolicy,
    Storage,
    Trigger,
    View,
    declare,
)
from conformance.mending.proposing import _keep_declared
from conformance.pipeline import check_database, scope_of
from models import Base

OLD = tuple(int(part) for part in version("alembic").split(".")[:2]) < (1, 18)
pytestmark = pytest.mark.skipif(OLD, reason="plugins came with Alembic 1.18")

ENV = """
from alembic import context
from sqlalchemy import TypeDecorator

from conformance import include_name

def render_item(kind, item, _):
    "A type of the project's own as the one that it is in the database."
    return f"sa.{item.impl_instance!r}" if isinstance(item, TypeDecorator) else False

options = context.config.attributes
context.configure(
    connection=options["connection"], target_metadata=options["metadata"], compare_type=True,
    compare_server_default=True, render_item=render_item, autogenerate_plugins=options["plugins"],
    include_schemas=True, include_name=include_name,
)
with context.begin_transaction():
    context.run_migrations()
"""
BOTH = ["alembic.autogenerate.*", "conformance"]


def meters() -> MetaData:
    """A project of somebody else, with a schema, a type and continuous aggregates of its own."""
    metadata = MetaData(schema="plant")
    Table(
        "readings",
        metadata,
        Column("at", DateTime(timezone=True), primary_key=True),
        Column("meter", BigInteger, primary_key=True, autoincrement=False),
        Column("note", Text),
        Column("Value", Double, CheckConstraint('"Value" >= 0', name="ck_value"), nullable=False),
        Column("phase", Enum("one", "three", name="phase")),
        Storage({"fillfactor": 70}),
        Hypertable("at", chunk_interval="7 days"),
        Compression(segment_by="meter", order_by="at DESC", after="30 days"),
        Retention(drop_after="5 years"),
    )
    Table(
        "daily",
        metadata,
        Column("day", DateTime(timezone=True), primary_key=True),
        Column("meter", BigInteger, primary_key=True),
        Column("mean", Double),
        ContinuousAggregate(
            "SELECT time_bucket('1 day', at) AS day, meter, avg(\"Value\") AS mean"
            " FROM plant.readings GROUP BY 1, 2"
        ),
        Refresh(start_offset="30 days", end_offset="1 day", schedule_interval="1 hour"),
        Retention(drop_after="10 years"),
    )
    Table(
        "notes",
        metadata,
        Column("id", BigInteger, Identity(), primary_key=True),
        RowSecurity(),
        RowSecurityPolicy("all_notes", using="id > 0"),
    )
    ContinuousAggregate(
        "SELECT time_bucket('10 days', day) AS days, max(mean) AS top FROM plant.daily GROUP BY 1",
        Retention(drop_after="10 years"),
        name="tops",
    ).require(metadata)
    # A view comes after the aggregate that it reads from.
    View("SELECT max(top) AS top FROM plant.tops", name="top").require(metadata)
    Sequence("numbers", metadata=metadata)
    DatabaseObject("schema", "plant").require(metadata)
    Table("notes", metadata, Column("id", BigInteger, primary_key=True), schema="lab")
    return metadata


@pytest.fixture
def project(tmp_path, empty_database):
    """Alembic in an empty folder, on an empty database."""
    (tmp_path / "env.py").write_text(ENV)
    template = Path(command.__file__).parent / "templates" / "generic" / "script.py.mako"
    (tmp_path / "script.py.mako").write_text(template.read_text("utf-8"))
    (tmp_path / "versions").mkdir()
    config = Config(stdout=io.StringIO())
    config.set_main_option("script_location", str(tmp_path))
    with create_engine(empty_database, poolclass=NullPool).connect() as connection:
        config.attributes.update(connection=connection, plugins=BOTH)
        yield config


def proposed(config, name):
    config.attributes["connection"].commit()
    made = command.revision(config, name, autogenerate=True, rev_id=name)
    config.attributes["connection"].commit()
    return Path(made.path).read_text("utf-8")


def upgraded(project, metadata):
    """The connection, after an upgrade that makes what the metadata says."""
    connection = project.attributes["connection"]
    command.upgrade(project, "head")
    connection.commit()
    found = check_database(
        connection, metadata, Capabilities(community_edition=True), scope_of(metadata)
    )
    assert [finding.message for finding in found.findings.values()] == []
    connection.commit()
    return connection


@pytest.mark.parametrize("metadata", [Base.metadata, meters()], ids=["desk", "meters"])
def test_an_empty_database(project, metadata):
    project.attributes["metadata"] = metadata
    project.attributes["connection"].execute(text("CREATE SCHEMA lab"))
    source = proposed(project, "first")
    assert "create_hypertable" in source
    connection = upgraded(project, metadata)
    # Nothing more is proposed, and the way back is free.
    assert "op." not in proposed(project, "second")
    command.downgrade(project, "base")
    connection.commit()
    there = "SELECT count(*) FROM timescaledb_information.hypertables"
    assert connection.execute(text(there)).scalar_one() == 0
    # Only the schemas go that the upgrade created.
    schemas = "SELECT array_agg(nspname::text) FROM pg_namespace WHERE nspname IN ('plant', 'lab')"
    assert connection.execute(text(schemas)).scalar_one() == ["lab"]
    # Alembic leaves the types of a table behind, which then are in the way.
    command.upgrade(project, "head")


def test_a_function_that_is_missing_is_named(project):
    metadata = MetaData()
    Table(
        "blocks",
        metadata,
        Column("height", BigInteger, primary_key=True),
        Hypertable("height", chunk_interval=1000, integer_now="latest_height"),
    )
    Function("latest_height()").require(metadata)
    project.attributes["metadata"] = metadata
    assert (
        "# Write by hand function:latest_height():exists: its declaration has no body; declare"
        " Function('latest_height()', body=..., language=..., returns=...), or write CREATE"
        " FUNCTION here." in proposed(project, "first")
    )


class PGFunction:
    """As alembic_utils has it."""

    schema = "public"
    signature = "doubled(x bigint DEFAULT 2)"
    definition = "RETURNS bigint AS $$ SELECT x * 2 + 1\\:\\:bigint $$ LANGUAGE sql IMMUTABLE"


def test_functions_that_are_declared_with_their_bodies(project):
    metadata = MetaData()
    Table(
        "blocks",
        metadata,
        Column("height", BigInteger, primary_key=True, autoincrement=False),
        Column("twice", BigInteger, server_default=text("doubled()")),
        Hypertable("height", chunk_interval=1000, integer_now="latest_height"),
        Trigger("touch", timing="before", events="insert", function="touch()"),
    )
    declare(
        metadata,
        # It reads from a table that is created later.
        Function(
            "latest_height()",
            body="\n  SELECT coalesce(max(height), 0)::bigint\n  FROM blocks -- $body$ 100%\n",
            language="sql",
            returns="bigint",
            volatility="stable",
        ),
        Function(
            "touch()",
            body="BEGIN RETURN NEW; END",
            language="plpgsql",
            returns="trigger",
            security="definer",
            settings=["search_path=public, pg_temp"],
        ),
        Procedure('"Tidy"(INOUT n int)', body="SELECT 1", language="sql", strict=None),
        PGFunction(),
    )
    project.attributes["metadata"] = metadata
    source = proposed(project, "first")
    assert source.count("check_function_bodies = off") == 2
    connection = upgraded(project, metadata)
    assert "op." not in proposed(project, "second")
    command.downgrade(project, "base")
    left = "SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
    left += " AND proname IN ('latest_height', 'touch', 'Tidy', 'doubled')"
    assert connection.execute(text(left)).scalar_one() == 0


def test_a_function_with_another_body_is_replaced(project):
    metadata = MetaData()
    declared = Function("one()", body="SELECT 1", language="sql", returns="int")
    declared.require(metadata)
    project.attributes["metadata"] = metadata
    connection = project.attributes["connection"]
    connection.execute(text("CREATE EXTENSION IF NOT EXISTS timescaledb"))
    connection.execute(text("CREATE FUNCTION one() RETURNS int LANGUAGE sql STABLE AS 'SELECT 2'"))
    source = proposed(project, "first")
    command.upgrade(project, "head")
    connection.commit()
    assert "CREATE OR REPLACE FUNCTION one()" in source
    assert connection.execute(text("SELECT one()")).scalar_one() == 1
    stays = "SELECT provolatile::text FROM pg_proc WHERE proname = 'one'"
    assert connection.execute(text(stays)).scalar_one() == "s"


def test_functions_of_alembic_utils_are_its_own_to_propose(project, monkeypatch):
    metadata = MetaData()
    entity = PGFunction()
    declare(metadata, entity)
    monkeypatch.setattr("conformance.mending.proposing.registered_entities", lambda: [entity])
    project.attributes["metadata"] = metadata
    assert "doubled" not in proposed(project, "first")


class DropOp:
    """As alembic_utils proposes it of whatever is not registered there."""

    def __init__(self, kind, signature, schema="plant", **more):
        self.target = type(kind, (), {"signature": signature, "schema": schema, **more})()


def test_what_is_declared_is_not_dropped_by_alembic_utils():
    declared = [
        ("view", "plant.latest", ""),
        ("continuous_aggregate", "daily", ""),
        ("function", "plant.doubled(bigint)", ""),
        ("trigger", "plant.Meters", "touch"),
        ("row_security_policy", "readings", "own"),
        ("extension", "citext", ""),
        ("privilege", "readings", "reader"),
    ]
    sides = {FactKey(*ref, "exists"): True for ref in declared}, {}
    kept = [
        DropOp("PGView", "latest", "public"),
        DropOp("PGMaterializedView", "monthly"),
        DropOp("PGTrigger", "touch", on_entity="plant.readings"),
        DropOp("PGExtension", "hstore", "public"),
        DropOp("PGGrantTable", "...", table="readings", role="writer"),
        DropOp("PGOther", "latest"),
    ]
    dropped = [
        DropOp("PGView", "latest"),
        DropOp("PGView", "daily", "public"),
        DropOp("PGFunction", "doubled(x bigint DEFAULT 2)"),
        DropOp("PGTrigger", "touch", on_entity='plant."Meters"'),
        DropOp("PGPolicy", "own", on_entity="plant.readings"),
        DropOp("PGExtension", "citext", "public"),
        DropOp("PGGrantTable", "...", table="readings", role="reader"),
    ]
    upgrade = UpgradeOps([*kept, *dropped])
    _keep_declared(upgrade, SimpleNamespace(sides=sides))
    assert upgrade.ops == kept


def test_without_its_name_in_env_py_it_proposes_nothing(project):
    project.attributes.update(metadata=Base.metadata, plugins=BOTH[:1])
    source = proposed(project, "first")
    assert "create_table" in source
    assert "create_hypertable" not in source


def test_it_loads_nothing_beside_alembic():
    code = (
        "import sys, alembic.runtime.plugins as p; assert 'conformance' in p._all_plugins;"
        "print([name for name in sys.modules if name.startswith('conformance.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['conformance.alembic_plugin']\n"


def test_versions_that_iterate_over_what_an_entry_point_names():
    """Alembic 1.18.0 to 1.20.0 do so, and cannot be imported beside one that they cannot."""
    (found,) = entry_points(group="alembic.plugins", name="conformance")
    loaded = found.load()
    assert isinstance(loaded, ModuleType)
    assert [module.setup for module in loaded] == [loaded.setup]
