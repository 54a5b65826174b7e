"""Autogenerate with `include_name` and `include_object` still reports real differences."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, NullPool, create_engine, text

from conformance.declarations import include_name, include_object
from conformance.project.autogenerating import comparing_all
from models import Base

CHUNK = (
    "INSERT INTO curves (curve_date, curve_id, tenor_days, rate) VALUES ('2024-01-01', 'x', 30, 1)"
)


@pytest.fixture
def connection(migrated_database):
    """To the desk's database, with a chunk; whatever a test does there is rolled back."""
    with create_engine(migrated_database, poolclass=NullPool).connect() as connection:
        connection.execute(text(CHUNK))
        yield connection


def proposed(connection, **options):
    """What autogenerate would do, as (operation, name) pairs."""
    options = {"compare_type": True, "compare_server_default": True, **options}
    context = MigrationContext.configure(connection, opts=options)
    return {(entry[0], str(entry[1].name)) for entry in compare_metadata(context, Base.metadata)}


@pytest.fixture(params=[False, True], ids=["default-schema", "all-schemas"])
def offered(request):
    """The options of an env.py that uses `include_name` and `include_object`."""
    return {
        "include_name": include_name,
        "include_object": include_object,
        "include_schemas": request.param,
    }


def test_it_is_quiet(connection, offered):
    assert proposed(connection, **offered) == set()


@pytest.mark.filterwarnings("ignore:Did not recognize type")
def test_without_it_timescaledbs_own_tables_are_to_be_dropped(connection):
    found = proposed(connection, include_schemas=True, include_object=include_object)
    assert ("remove_table", "hypertable") in found
    assert any(name.startswith("_hyper_") for _, name in found)


@pytest.mark.parametrize(
    ("statement", "operation"),
    [
        ("DROP INDEX curves_curve_date_idx", ("add_index", "curves_curve_date_idx")),
        ("CREATE INDEX extra ON curves (rate)", ("remove_index", "extra")),
        ("DROP TABLE vol_surfaces", ("add_table", "vol_surfaces")),
        ("CREATE TABLE extra (n integer)", ("remove_table", "extra")),
    ],
)
def test_it_sees_what_is_wrong(connection, offered, statement, operation):
    connection.execute(text(statement))
    assert operation in proposed(connection, **offered)


@pytest.mark.parametrize("kind", ["schema", "table", "index"])
def test_only_schemas_are_left_out(kind):
    parents = {"schema_name": None}
    for name in ("_timescaledb_internal", "_timescaledb_catalog", "timescaledb_information"):
        assert include_name(name, kind, parents) is (kind != "schema")
    for name in (None, "public", "timescale", "prices"):
        assert include_name(name, kind, parents)


@pytest.mark.parametrize("translated", [None, {"tenant": "public"}])
def test_with_a_translate_map_the_models_have_the_schemas(connection, translated):
    """Autogenerate would look for the schemas before the translation."""
    own = MetaData()
    environment = EnvironmentContext(Config(), ScriptDirectory("."))
    with comparing_all(Base.metadata):
        environment.configure(
            connection=connection.execution_options(schema_translate_map=translated),
            target_metadata=own,
        )
    compared = environment.get_context().opts["target_metadata"]
    assert compared is (Base.metadata if translated else own)
