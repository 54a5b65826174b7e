"""Projects that do it their own way, and rightly: nothing is found in them."""

from __future__ import annotations

from pathlib import Path

import alembic
import pytest

from .projects import check

INI = """
[alembic]
script_location = %(here)s/alembic
"""

MODELS = """
from sqlalchemy import (
    Column, DateTime, Double, ForeignKey, Integer, MetaData, PrimaryKeyConstraint, Table, Text
)

from conformance.declarations import Hypertable

metadata = MetaData()
Table(
    "places",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
)
Table(
    "readings",
    metadata,
    Column("at", DateTime(timezone=True), nullable=False),
    Column("place_id", Integer, ForeignKey("places.id"), nullable=False),
    Column("value", Double),
    PrimaryKeyConstraint("place_id", "at"),
    Hypertable("at", chunk_interval="7 days"),
)
"""

#: No compression; and rows that every database has.
FIRST = """
import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    op.execute("SET LOCAL client_min_messages = error")
    op.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    op.execute("SET LOCAL client_min_messages = notice")
    places = op.create_table(
        "places",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.UniqueConstraint("name"),
    )
    op.bulk_insert(places, [{"id": id, "name": f"place {id}"} for id in range(1, 4)])
    op.execute("SELECT setval('places_id_seq', 3)")


def downgrade():
    op.drop_table("places")
"""
SECOND = """
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade():
    op.create_table(
        "readings",
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("place_id", sa.Integer, sa.ForeignKey("places.id"), nullable=False),
        sa.Column("value", sa.Double),
        sa.PrimaryKeyConstraint("place_id", "at"),
    )
    op.execute(
        "SELECT create_hypertable('readings', 'at', chunk_time_interval => INTERVAL '7 days')"
    )
    op.execute(
        "INSERT INTO readings (at, place_id, value)"
        " SELECT timestamptz '2024-01-01 UTC' + i * INTERVAL '5 days', 1 + i % 3, i"
        " FROM generate_series(1, 9) AS i"
    )


def downgrade():
    op.drop_table("readings")
"""

ENV = """
import os

from alembic import context
from sqlalchemy import create_engine, pool

{imports}

def migrate(**options):
    context.configure(target_metadata={metadata}, **options)
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if context.is_offline_mode():
    migrate(dialect_name="postgresql", literal_binds=True, dialect_opts={{"paramstyle": "named"}})
else:
    {online}
"""
#: As Alembic's documentation shares a connection; as pytest-alembic's does; with neither.
STYLES = {
    "takes a connection": "migrate(connection=given)",
    "takes an engine": """with given.connect() as connection:
        migrate(connection=connection)
    given.dispose()""",
    "takes an engine, and closes by itself": """connection = given.connect()
    try:
        migrate(connection=connection)
    finally:
        connection.close()""",
    "connects": """engine = create_engine(os.environ["DATABASE_URL"], poolclass=pool.NullPool)
    with engine.begin() as connection:
        migrate(connection=connection)""",
}


@pytest.fixture
def project(tmp_path):
    """`project(online, ...)`: its folder, with an env.py that goes online in this way."""

    def made(online, *, metadata="metadata"):
        (tmp_path / "alembic/versions").mkdir(parents=True)
        (tmp_path / "alembic.ini").write_text(INI)
        (tmp_path / "desk.py").write_text(MODELS)
        (tmp_path / "alembic/versions/0001.py").write_text(FIRST)
        (tmp_path / "alembic/versions/0002.py").write_text(SECOND)
        imports = "from desk import metadata"
        (tmp_path / "alembic/env.py").write_text(
            ENV.format(imports=imports, online=online, metadata=metadata)
        )
        return tmp_path

    return made


def checked(project, *arguments):
    code, verdict, err = check(project, "--models", "desk:metadata", *arguments)
    assert (code, verdict["verdict"], verdict["findings"]) == (0, "conforms", []), err
    return {item["id"]: item["reason"] for item in verdict["not_checked"]}


@pytest.mark.parametrize("style", STYLES)
def test_env_files(project, style):
    """Offline all are the same."""
    once = "" if style == "takes a connection" else " and not offline"
    checked(project(STYLES[style]), "-k", f"(test_facts or test_migrations){once}")


def test_rows_of_a_hypertable_that_is_never_compressed(project):
    unseen = checked(project(STYLES["takes a connection"]))
    assert unseen["rows:readings:history:change_chunk"] == (
        "the models do not declare compression of the table"
    )
    # What the models do not have is not missed.
    assert not [reason for reason in unseen.values() if "empty parameter set" in reason]


def test_revisions_with_a_transaction_each(project):
    """And a schema for Alembic's own table, which env.py makes: an interruption leaves some."""
    steps = """given.exec_driver_sql("CREATE SCHEMA IF NOT EXISTS own")
    given.commit()
    migrate(connection=given, transaction_per_migration=True, version_table_schema="own")"""
    checked(project(steps), "-k", "a_migration_is_whole or leaves_no_trace")


def test_a_schema_of_the_version_table_that_was_there_before(project):
    """The project makes the schema outside of its migrations, as `prepare` says."""
    folder = project('migrate(connection=given, version_table_schema="own")')
    (folder / "pyproject.toml").write_text('[tool.conformance]\nprepare = "CREATE SCHEMA own"\n')
    checked(folder, "-k", "leaves_no_trace")


def test_the_env_file_that_alembic_init_writes_for_asyncio(project):
    """It makes an asynchronous engine, which is led to the suite's database.

    Another project with such a file is checked by all of the suite, in test_shapes.py.
    """
    folder = project("")
    source = Path(alembic.__file__).parent / "templates/async/env.py"
    (folder / "alembic/env.py").write_text(
        source.read_text().replace("    fileConfig(config.config_file_name)", "    pass")
    )
    selected = ("-k", "test_facts or test_migrations")
    code, verdict, err = check(folder, "--models", "desk:metadata", *selected)
    assert (code, verdict["verdict"]) == (0, "conforms"), err


def test_an_env_file_without_metadata(project):
    unseen = checked(
        project(STYLES["takes a connection"], metadata="None"), "-k", "test_migrations"
    )
    for name in (
        "test_model_definitions_match_ddl",
        "test_alembic_check_is_quiet",
        "test_alembic_check_sees_a_dropped_index",
    ):
        assert "target_metadata" in unseen[f"check:{name}"]


def test_an_index_for_another_database_is_not_dropped(project):
    """Autogenerate has written it into a revision all the same, and SQLAlchemy never drops it."""
    folder = project(STYLES["takes a connection"])
    (folder / "desk.py").write_text(
        f"""{MODELS}
from sqlalchemy import Index

Index("ix_elsewhere", metadata.tables["readings"].c.value).ddl_if(dialect="sqlite")
Index("ix_here", metadata.tables["readings"].c.value)
"""
    )
    (folder / "alembic/versions/0003.py").write_text(
        """
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade():
    op.create_index("ix_elsewhere", "readings", ["value"])
    op.create_index("ix_here", "readings", ["value"])
"""
    )
    checked(folder, "-k", "sees_a_dropped_index")


def test_a_first_revision_that_only_creates_the_extension(project):
    folder = project(STYLES["takes a connection"])
    (folder / "alembic/versions/0002.py").unlink()
    (folder / "alembic/versions/0001.py").write_text(
        """
from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    op.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")


def downgrade():
    pass
"""
    )
    code, verdict, err = check(folder, "--models", "desk:metadata")
    assert (code, [finding["id"] for finding in verdict["findings"]]) == (
        1,
        ["table:places:exists", "table:readings:exists"],
    ), err


def test_a_foreign_key_depends_on_an_index_that_is_dropped(project):
    folder = project(STYLES["takes a connection"])
    (folder / "desk.py").write_text(
        f"""{MODELS}
from sqlalchemy import Index

places = metadata.tables["places"]
places.append_column(Column("code", Integer))
Index("ix_places_100%_code", places.c.code, unique=True)
Table(
    "doors",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("code", Integer, ForeignKey("places.code")),
)
"""
    )
    (folder / "alembic/versions/0003.py").write_text(
        """
import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade():
    op.add_column("places", sa.Column("code", sa.Integer))
    op.create_index("ix_places_100%_code", "places", ["code"], unique=True)
    op.create_table(
        "doors",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("code", sa.Integer, sa.ForeignKey("places.code")),
    )
"""
    )
    checked(folder, "-k", "sees_a_dropped_index")


PARTITIONED = (
    MODELS
    + """
for name, others in {
    "events": {"postgresql_partition_by": "RANGE (id)"}, "events_of_1999": {}, "events_rest": {},
}.items():
    Table(
        name,
        metadata,
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("name", Text),
        **others,
    )
"""
)
PARTITIONS = """
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade():
    op.execute("CREATE TABLE events (id integer PRIMARY KEY, name text) PARTITION BY RANGE (id)")
    op.execute("CREATE TABLE events_of_1999 PARTITION OF events FOR VALUES FROM (1999) TO (2000)")
    op.execute("CREATE TABLE events_rest PARTITION OF events DEFAULT")


def downgrade():
    op.drop_table("events")
"""
LEAVES = "check:test_downgrade_leaves_no_trace"


@pytest.fixture
def partitioned(project):
    """A project whose models map partitions as tables of their own."""
    folder = project(STYLES["takes a connection"])
    (folder / "desk.py").write_text(PARTITIONED)
    (folder / "alembic/versions/0003.py").write_text(PARTITIONS)
    return folder


def test_rows_of_a_mapped_partition_are_those_of_its_table(partitioned):
    assert LEAVES not in checked(partitioned, "-k", "leaves_no_trace")


def test_a_mapped_partition_of_a_table_without_rows_has_none(partitioned):
    """Without DEFAULT there is a partition for no generated row."""
    revision = partitioned / "alembic/versions/0003.py"
    lines = revision.read_text().splitlines(keepends=True)
    revision.write_text("".join(line for line in lines if "events_rest" not in line))
    models = partitioned / "desk.py"
    models.write_text(PARTITIONED.replace(', "events_rest": {},', ","))
    unseen = checked(partitioned, "-k", "leaves_no_trace")
    assert "without rows of events: no sample rows can be made" in unseen[LEAVES]
    assert "of events_of_1999: no sample rows are written" in unseen[LEAVES]


def test_traces_of_mapped_partitions_are_found(partitioned):
    revision = partitioned / "alembic/versions/0003.py"
    kept = "ALTER TABLE events DETACH PARTITION events_rest"
    revision.write_text(
        revision.read_text().replace(
            'op.drop_table("events")', f'op.execute("{kept}")\n    op.drop_table("events")'
        )
    )
    _, verdict, _ = check(partitioned, "--models", "desk:metadata", "-k", "leaves_no_trace")
    (finding,) = verdict["findings"]
    assert finding["id"] == "migration:alembic:downgrade_leaves_no_trace"
    assert "relation events_rest (+1)" in finding["message"]
