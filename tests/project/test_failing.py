"""The messages for a failing migration, and for a database that lacks something."""

from __future__ import annotations

import io
from types import SimpleNamespace

import pytest
from alembic import command
from alembic.config import Config
from alembic.ddl import impl
from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.dialects import registry
from sqlalchemy.exc import ArgumentError
from timescaledb.dialect import TimescaledbPsycopg2Dialect

from conformance.comparing.partitions import PARTITION_FIRST
from conformance.errors import MigrationFailed, ModelsUnavailable
from conformance.project.migrations import Migrations
from conformance.project.scripts import alembic_config

from . import projects
from .projects import ENV, EXTENSION, migrations_in, migrations_of


@pytest.fixture
def migrated(conformance_engine, tmp_path, monkeypatch):
    """`migrated(upgrades, **configuration)`: connects to a database of these migrations."""
    monkeypatch.chdir(tmp_path)
    opened = []

    def migrate(*upgrades, env=ENV, **configuration):
        folder = migrations_in(tmp_path, *upgrades, env=env)
        migrations = migrations_of(conformance_engine, folder, **configuration)
        database = conformance_engine.database()
        opened.append(database)
        url = database.__enter__()
        migrations.template().prepare(url)
        return create_engine(url, poolclass=NullPool), migrations

    yield migrate
    for database in opened:
        database.__exit__(None, None, None)


def said(migrated, *upgrades, **configuration):
    with pytest.raises(MigrationFailed) as caught:
        migrated(*upgrades, **configuration)
    return caught.value


def test_the_revision_its_file_and_its_statement_are_named(migrated):
    error = said(
        migrated, EXTENSION, "op.execute(\n'''ALTER TABLE gone\n  ADD n integer;''')", "pass"
    )
    assert error.problem == (
        "Revision 0002 (steps/versions/0002_step.py, line 10) fails: UndefinedTable: relation"
        ' "gone" does not exist. The statement is: ALTER TABLE gone ADD n integer.'
    )
    assert error.hint.startswith(
        "Correct the name, or create the object in an earlier revision. 'alembic upgrade 0003' on"
        " an empty database shows the same error. If create_all() or a SQL file makes the first"
        " objects: name the file in prepare,"
    )


def test_a_table_that_an_earlier_revision_has_created(migrated):
    create = "op.execute('CREATE TABLE rooms (n integer)')"
    error = said(migrated, EXTENSION, create, create)
    assert 'DuplicateTable: relation "rooms" already exists' in error.problem
    assert error.hint == (
        "The object exists already: an earlier revision creates it, or a downgrade has not dropped "
        "it. Create the object once, and drop it in downgrade(). 'alembic upgrade 0003' on an "
        "empty database shows the same error."
    )


@pytest.mark.parametrize(
    ("downgrade", "told"),
    [
        (
            "op.execute('DROP TABLE gone')",
            (
                ' fails: UndefinedTable: table "gone" does not exist. The statement is: DROP TABLE'
                " gone.",
                "Correct the name, or create the object in an earlier revision."
                " If the changes cannot be undone, let downgrade() raise NotImplementedError.",
            ),
        ),
        (
            "raise RuntimeError('the old rows are gone')",
            (
                " fails: RuntimeError: the old rows are gone.",
                "The revision's Python code raises this error, not the server: correct the "
                "revision. If the changes cannot be undone, let downgrade() raise "
                "NotImplementedError.",
            ),
        ),
        (
            "raise NotImplementedError('one way')",
            (
                " fails: NotImplementedError: one way.",
                "The revision's Python code raises this error, not the server: correct the "
                "revision.",
            ),
        ),
        (
            """op.execute("DO $$BEGIN RAISE EXCEPTION 'no' USING ERRCODE = 'ZZ001'; END$$")""",
            (
                " The statement is: DO $$BEGIN RAISE EXCEPTION",
                "Correct the file at this line."
                " If the changes cannot be undone, let downgrade() raise NotImplementedError.",
            ),
        ),
    ],
)
def test_a_downgrade_that_fails(conformance_engine, tmp_path, monkeypatch, downgrade, told):
    monkeypatch.chdir(tmp_path)
    folder = migrations_in(tmp_path, EXTENSION, downgrade=downgrade)
    migrations = migrations_of(conformance_engine, folder)
    with (
        conformance_engine.database() as url,
        create_engine(url, poolclass=NullPool).connect() as connection,
    ):
        migrations.upgrade(connection)
        with pytest.raises(Exception, match=r".") as caught:
            migrations.downgrade(connection)
    error = migrations.failure_in_a_file(caught.value)
    place = "The downgrade of revision 0001 (steps/versions/0001_step.py, line 14) fails: "
    assert error.problem.startswith(place)
    problem, hint = told
    assert problem in error.problem
    assert error.hint == hint


def test_a_revision_without_a_downgrade(conformance_engine, tmp_path, monkeypatch):
    """Alembic raises the error, called by env.py."""
    monkeypatch.chdir(tmp_path)
    folder = migrations_in(tmp_path, EXTENSION)
    revision = folder / "steps/versions/0001_step.py"
    revision.write_text(revision.read_text().partition("def downgrade")[0])
    migrations = migrations_of(conformance_engine, folder)
    with (
        conformance_engine.database() as url,
        create_engine(url, poolclass=NullPool).connect() as connection,
    ):
        migrations.upgrade(connection)
        with pytest.raises(AttributeError) as caught:
            migrations.downgrade(connection)
    error = migrations.failure_in_a_file(caught.value)
    assert error.problem == (
        "The downgrade of revision 0001 (steps/versions/0001_step.py, line 1) fails: "
        "AttributeError: module '0001_step_py' has no attribute 'downgrade'."
    )
    assert error.hint == (
        "Write downgrade() in the file; if there is no way back, let it raise NotImplementedError."
    )


def test_a_revision_without_an_upgrade(migrated, monkeypatch):
    monkeypatch.setattr(projects, "REVISION", projects.REVISION.replace("def upgrade", "def up"))
    error = said(migrated, EXTENSION)
    assert error.problem.startswith("Revision 0001 (steps/versions/0001_step.py, line 1) fails: ")
    assert error.hint == "Write upgrade() in the file."


def test_code_of_a_revision_that_fails(migrated):
    error = said(migrated, "raise RuntimeError('no such luck')")
    assert error.problem == (
        "Revision 0001 (steps/versions/0001_step.py, line 10) fails: RuntimeError: no such luck."
    )
    assert error.hint == "'alembic upgrade 0001' on an empty database shows the same error."


def test_the_first_tables_come_from_a_file(migrated, tmp_path):
    (tmp_path / "first.sql").write_text("CREATE TABLE doors (n integer)")
    later = 'op.execute("ALTER TABLE doors ADD m integer")'
    assert "create_all()" in said(migrated, EXTENSION, later).hint
    assert "create_all()" in said(migrated, EXTENSION, 'op.execute("SELECT new_id()")').hint
    engine, _ = migrated(EXTENSION, later, prepare=("first.sql",))
    assert engine is not None


def test_a_row_without_a_partition_is_no_broken_check(migrated):
    table = 'op.execute("CREATE TABLE days (day date) PARTITION BY RANGE (day)")\n'
    error = said(migrated, table + "op.execute(\"INSERT INTO days VALUES ('2024-03-02')\")")
    assert (
        "fails: the table days has no partition for the row with (day) = (2024-03-02). The"
        in error.problem
    )
    assert error.hint == PARTITION_FIRST


def test_a_statement_is_shown_without_the_password_of_a_role(migrated):
    statement = "CREATE ROLE app LOGIN PASSWORD 's3cret' IN ROLE nobody"
    error = said(migrated, EXTENSION, f'op.execute("{statement}")')
    assert "PASSWORD '***'" in error.problem
    assert "s3cret" not in str(error)


def test_nobody_creates_the_extension(migrated):
    table = 'op.execute("CREATE TABLE t (at timestamptz NOT NULL)")\n'
    error = said(migrated, table + "op.execute(\"SELECT create_hypertable('t', 'at')\")")
    assert "function create_hypertable(unknown, unknown) does not exist" in error.problem
    assert (
        'prepare = ["CREATE EXTENSION timescaledb"] in [tool.conformance] of pyproject.toml'
        in error.hint
    )


def test_nobody_creates_the_extension_and_nothing_fails(migrated):
    error = said(migrated, 'op.execute("CREATE TABLE t (at timestamptz NOT NULL)")')
    assert error.problem == (
        "After the migration to 0001 the database does not have the extension timescaledb."
    )
    assert 'prepare = ["CREATE EXTENSION timescaledb"]' in error.hint


PRINTS = """
from alembic import context

{refusal}
context.configure(url="postgresql://", literal_binds=True)
with context.begin_transaction():
    context.run_migrations()
"""

#: What the hint says to write in its place.
HOW = 'if context.is_offline_mode() or "connection" in context.config.attributes:'


@pytest.mark.parametrize(
    ("env", "problem"),
    [
        (
            PRINTS.format(
                refusal="if not context.is_offline_mode(): raise SystemExit('use --sql')"
            ),
            "env.py (steps/env.py, line 4) fails: SystemExit: use --sql.",
        ),
        (ENV.partition("else:")[0] + "    context.run_migrations()", "env.py runs no revision."),
    ],
    ids=["refuses", "does nothing online"],
)
def test_an_env_py_that_refuses_to_run_online(migrated, env, problem):
    error = said(migrated, EXTENSION, env=env)
    assert error.problem == problem
    assert HOW in error.hint


@pytest.mark.parametrize(
    "refusal", ["", f"{HOW} pass\nelse: raise SystemExit('use --sql')"], ids=["never", "unless"]
)
def test_an_env_py_that_only_prints_sql(migrated, refusal):
    made, _ = migrated(EXTENSION, env=PRINTS.format(refusal=refusal))
    with made.connect() as connection:
        found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    assert found == "0001"


TIMESCALEDB_URL = """
from alembic import context
from sqlalchemy import create_engine

with create_engine("timescaledb://somebody@localhost/somewhere").connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""


def test_alembic_does_not_know_the_dialect_of_timescaledb(migrated, monkeypatch):
    # Two packages have a dialect of this name. One of them, which may come first, tells Alembic.
    monkeypatch.setitem(registry.impls, "timescaledb", lambda: TimescaledbPsycopg2Dialect)
    monkeypatch.delitem(impl._impls, "timescaledb", raising=False)
    error = said(migrated, EXTENSION, env=TIMESCALEDB_URL)
    assert "KeyError: 'timescaledb'" in error.problem
    assert '__dialect__ = "timescaledb"' in error.hint


@pytest.mark.parametrize(
    ("code", "problem", "hint"),
    [
        ("import not_here", "No module named 'not_here'", "install it for"),
        ("raise ImportError('no greenlet')", "ImportError: no greenlet", "Install the module for"),
    ],
)
def test_an_env_py_that_lacks_a_module(migrated, code, problem, hint):
    """In offline mode the module may not be needed."""
    env = f"from alembic import context\nif not context.is_offline_mode():\n    {code}\n{ENV}"
    error = said(migrated, EXTENSION, env=env)
    assert problem in error.problem
    assert hint in error.hint


def test_an_env_py_that_fails_either_way(migrated):
    error = said(migrated, EXTENSION, env="raise RuntimeError('no such luck')")
    assert error.hint == "'alembic upgrade 0001' on an empty database shows the same error."


def test_what_a_database_has_before_the_first_revision(migrated, tmp_path):
    """Statements, and files of several, which the migrations then find."""
    (tmp_path / "roles.sql").write_text(
        "CREATE ROLE conformance_test_reader;\nCREATE SCHEMA data; -- 100 %; of it: :all\n"
        "DO $$ BEGIN PERFORM 1; END $$;\n"
    )
    engine, migrations = migrated(
        'op.execute("CREATE TABLE data.t (at timestamptz NOT NULL)")\n'
        'op.execute("GRANT SELECT ON data.t TO conformance_test_reader")\n'
        "op.execute(\"SELECT tools.create_hypertable('data.t', 'at')\")",
        prepare=("CREATE SCHEMA tools", "CREATE EXTENSION timescaledb SCHEMA tools", "roles.sql"),
    )
    with engine.connect() as connection:
        found = connection.scalar(text("SELECT count(*) FROM timescaledb_information.hypertables"))
        connection.execute(text("DROP OWNED BY conformance_test_reader"))
        connection.execute(text("DROP ROLE conformance_test_reader"))
        connection.commit()
    assert found == 1
    assert migrations.unmigrated is not None


def test_what_prepare_says_may_be_wrong(migrated, tmp_path):
    error = said(migrated, EXTENSION, prepare=("CREATE SCHEMA data; CREATE SCEMA x",))
    assert error.problem.startswith("A statement of prepare in pyproject.toml fails: SyntaxError")
    assert error.problem.endswith(". The statement is: CREATE SCEMA x.")
    assert error.hint == "Correct prepare in [tool.conformance]."
    error = said(migrated, EXTENSION, prepare=("\\c app",))
    assert error.hint == "Commands of psql are no SQL: name a copy of the file without them."
    error = said(migrated, EXTENSION, prepare=("GRANT app TO CURRENT_USER",))
    assert error.hint == "Add an entry to prepare, before this statement: CREATE ROLE app."
    with pytest.raises(ModelsUnavailable, match=r"gone\.sql cannot be read"):
        migrated(EXTENSION, prepare=("gone.sql",))
    (tmp_path / "roles.psql").write_text("CREATE ROLE app;")
    with pytest.raises(ModelsUnavailable, match=r"roles\.psql, and it does not end in \.sql"):
        migrated(EXTENSION, prepare=("roles.psql",))


@pytest.mark.parametrize(
    ("statement", "hint"),
    [
        ("GRANT app TO CURRENT_USER", 'prepare = ["CREATE ROLE app"]'),
        ("CREATE TABLE data.t (n integer)", 'prepare = ["CREATE SCHEMA data"]'),
        ("CREATE TABLE t (n citext)", 'prepare = ["CREATE EXTENSION citext"]'),
        (
            "SELECT uuid_generate_v4()",
            'prepare = ["CREATE EXTENSION \\\\"uuid-ossp\\\\""]',
        ),
    ],
)
def test_what_somebody_else_makes_is_said_once(migrated, statement, hint):
    error = said(migrated, EXTENSION, f"op.execute({statement!r})")
    assert hint.replace("\\\\", "\\") in error.hint


HYPERTABLE = """
op.execute("CREATE TABLE t (at timestamptz NOT NULL, n integer)")
op.execute("SELECT create_hypertable('t', 'at')")
"""
CREATES_TYPE = """
from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import ENUM
kind = ENUM("a", name="kind"{})
kind.create(op.get_bind())
op.create_table("u", Column("kind", kind))
"""


@pytest.mark.parametrize(
    ("upgrade", "hint"),
    [
        (
            'op.execute("CREATE MATERIALIZED VIEW v WITH (timescaledb.continuous) AS SELECT'
            " time_bucket('1 day', at) AS day, count(*) FROM t GROUP BY day\")",
            "WITH NO DATA in the revision's transaction",
        ),
        (
            'op.create_index("i", "t", ["n"], postgresql_concurrently=True)',
            "autocommit_block()",
        ),
        (
            'op.execute("ALTER TABLE t ADD UNIQUE (n)")',
            "Include the hypertable's partitioning column in its primary key and in each unique",
        ),
        (CREATES_TYPE.format(""), "pass create_type=False to postgresql.ENUM"),
        (
            'op.execute("CREATE MATERIALIZED VIEW v WITH (timescaledb.continuous) AS SELECT'
            " time_bucket('1 week', at) AS week, count(*) FROM t GROUP BY week WITH NO DATA\")\n"
            "op.execute(\"SELECT add_continuous_aggregate_policy('v', INTERVAL '2 weeks',"
            " INTERVAL '1 day', INTERVAL '1 day')\")",
            "Let start_offset be two buckets or more before end_offset",
        ),
        (
            "op.execute(\"SELECT time_bucket('0 days', now())\")",
            "Correct the value in the statement: the server cannot use the value. 'alembic upgrade",
        ),
        (
            "op.execute(\"CREATE TABLE h (n int); SELECT create_hypertable('h', 'n',"
            " chunk_time_interval => 9); ALTER TABLE h SET (timescaledb.compress);"
            " SELECT add_compression_policy('h', INTERVAL '1 day')\")",
            "The server adds: Integer duration in",
        ),
        (
            'op.execute("ALTER TABLE t SET (timescaledb.compress, timescaledb.compress_segmentby ='
            " 'n'); ALTER TABLE t DROP COLUMN n\")",
            "take the column out of timescaledb.compress_segmentby",
        ),
        (
            'op.execute("CREATE TABLE h (id uuid PRIMARY KEY); CREATE TABLE i (id text REFERENCES'
            ' h)")',
            'The server adds: Key columns "id"',
        ),
        (
            'op.execute("ALTER TABLE t ADD x text; ALTER TABLE t ALTER x TYPE integer")',
            'The server adds: You might need to specify "USING',
        ),
        (
            'op.execute("CREATE TABLE h (id int); CREATE VIEW i AS SELECT id FROM h;'
            ' DROP TABLE h")',
            "recreate it afterwards. The server adds: view i depends on table h 'alembic upgrade",
        ),
        (
            "op.execute(\"SELECT time_weight('LOCF', now(), 1)\")",
            'set prepare = ["CREATE EXTENSION timescaledb_toolkit"]',
        ),
    ],
    ids=[
        "with data",
        "concurrently",
        "key without time",
        "type twice",
        "window",
        "value",
        "server's hint",
        "segment-by",
        "types of a key",
        "types of a column",
        "dependents",
        "toolkit",
    ],
)
def test_what_the_server_rejects_has_a_way_out(migrated, upgrade, hint):
    assert hint in said(migrated, EXTENSION, HYPERTABLE, upgrade).hint


ASYNCHRONOUS = """
import asyncio
from alembic import context
from sqlalchemy import pool
from sqlalchemy.ext.asyncio import create_async_engine


def migrate(connection):
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()


async def online():
    engine = create_async_engine("postgresql+asyncpg://app@db/app", poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(migrate)


asyncio.run(online())
"""


def test_asyncpg_says_what_the_server_adds(migrated):
    """SQLAlchemy's error has neither DETAIL nor HINT; before 2.1 it has both in its message."""
    key = (
        'op.execute("CREATE TABLE h (id uuid PRIMARY KEY)")\n'
        'op.execute("CREATE TABLE i (id text REFERENCES h)")'
    )
    error = said(migrated, EXTENSION, key, env=ASYNCHRONOUS)
    assert 'fails: ProgrammingError: foreign key constraint "i_id_fkey" cannot be' in error.problem
    assert "implemented. The statement is: CREATE TABLE i (id text" in error.problem
    assert 'The server adds: Key columns "id"' in error.hint


CATCHES = """
try:
    with op.get_bind().begin_nested():
        op.execute("SELECT 1 / 0")
except Exception:
    pass
try:
    op.execute("SELECT create_hypertable('t', 'gone')")
    op.execute("SELECT 2")
except Exception:
    pass
"""


@pytest.mark.parametrize("more", ["", "op.execute('SELECT 3')"])
def test_the_error_that_a_revision_catches_is_named(migrated, more):
    error = said(migrated, EXTENSION, "op.execute('CREATE TABLE t (n integer)')", CATCHES + more)
    assert error.problem == (
        "Revision 0003 (steps/versions/0003_step.py, line 17) fails: UndefinedColumn: column"
        " \"gone\" does not exist. The statement is: SELECT create_hypertable('t', 'gone')."
    )
    assert "op.get_bind().begin_nested():'" in error.hint


def test_a_caught_error_that_ends_nothing_is_none(migrated):
    saved = CATCHES.partition("try:\n    op")[0]
    engine, _ = migrated(EXTENSION, saved)
    assert engine is not None


def test_a_type_that_the_table_does_not_create(migrated):
    engine, _ = migrated(EXTENSION, CREATES_TYPE.format(", create_type=False"))
    assert engine is not None


def test_a_variable_that_is_not_set(migrated, monkeypatch):
    monkeypatch.delenv("DESK_HOST", raising=False)
    read = "op.execute(f\"SELECT '{os.environ['DESK_HOST']}'\")"
    error = said(migrated, EXTENSION, read)
    assert 'DESK_HOST = "..." in [tool.conformance.environment]' in error.hint
    engine, _ = migrated(EXTENSION, read, environment={"DESK_HOST": "anywhere"})
    assert engine is not None


def test_a_revision_that_reads_settings_shows_no_value_of_another(migrated):
    pytest.importorskip("pydantic")
    settings = (
        "__import__('pydantic').create_model('Settings', host=(str, ...), password=(str, ...))"
    )
    error = said(migrated, f"{settings}(password='quite-secret')")
    assert error.problem.endswith("fails: ValidationError: Settings: host: Field required.")
    assert error.hint.startswith("Set HOST to any valid value")


class TestOnTheEmbeddedEngine:
    """It lacks extensions that a server has."""

    @pytest.fixture(autouse=True)
    def embedded(self, conformance_engine):
        if conformance_engine.name != "embedded":
            pytest.skip("needs the embedded engine")

    def test_one_that_nothing_uses_is_left_out(self, migrated):
        _, migrations = migrated(
            EXTENSION,
            'op.execute("CREATE EXTENSION IF NOT EXISTS pgcrypto")\n'
            'op.execute("CREATE TABLE t (id uuid DEFAULT gen_random_uuid())")',
        )
        assert migrations.left_out == {"pgcrypto"}
        assert "pgcrypto" not in "".join(migrations.offline_statements())

    def test_one_of_prepare_is_left_out(self, migrated):
        _, migrations = migrated(EXTENSION, prepare=("CREATE EXTENSION pgcrypto",))
        assert migrations.left_out == {"pgcrypto"}
        # An earlier process may have prepared the database.
        migrations.leaving_out.names.clear()
        assert migrations.left_out == {"pgcrypto"}

    def test_one_that_is_used_is_named_with_the_engines_that_have_it(self, migrated):
        error = said(
            migrated,
            EXTENSION,
            'op.execute("CREATE EXTENSION pgcrypto")',
            "op.execute(\"SELECT digest('x', 'md5')\")",
        )
        assert error.problem.startswith("Revision 0003 ")
        assert error.hint.startswith(
            "This engine lacks the extension pgcrypto; use --engine container"
        )

    def test_postgis_is_in_an_image(self, migrated):
        error = said(
            migrated,
            EXTENSION,
            'op.execute("CREATE EXTENSION postgis")',
            'op.execute("CREATE TABLE t (place geometry(Point, 4326))")',
        )
        assert "--image timescale/timescaledb-ha" in error.hint

    def test_many_of_postgresqls_own_are_there(self, migrated):
        names = ("uuid-ossp", "citext", "hstore", "pg_trgm", "btree_gist", "ltree", "vector")
        create = "\n".join(f"op.execute('CREATE EXTENSION \"{name}\"')" for name in names)
        _, migrations = migrated(
            EXTENSION, create, 'op.execute("CREATE TABLE t (id uuid DEFAULT uuid_generate_v4())")'
        )
        assert migrations.left_out == set()


MAPS = """
import house_of_doors
house_of_doors.start_mappers()
""" + ENV  # fmt: skip
DOORS = """
from sqlalchemy import Column, Integer, MetaData, Table
from sqlalchemy.orm import registry
metadata = MetaData()
doors = Table("doors", metadata, Column("id", Integer, primary_key=True))
class Door: ...
def start_mappers():
    registry(metadata=metadata).map_imperatively(Door, doors)
"""


def test_an_env_py_that_maps_classes_each_time(migrated, tmp_path, monkeypatch):
    (tmp_path / "house_of_doors.py").write_text(DOORS)
    monkeypatch.syspath_prepend(tmp_path)
    _, migrations = migrated(EXTENSION, env=MAPS)
    assert EXTENSION.split('"')[1] in "".join(migrations.offline_statements())
    # Outside of env.py it stays an error.
    import house_of_doors

    with pytest.raises(ArgumentError, match="already has a primary mapper"):
        house_of_doors.start_mappers()


@pytest.mark.parametrize("names", ["app, series", "series"])
def test_an_env_py_of_several_databases(tmp_path, names):
    """Each connection would be led to one database, and wait for the lock of the other."""
    config = Config(str(tmp_path / "alembic.ini"), stdout=io.StringIO())
    command.init(config, str(tmp_path / "migrations"), template="multidb")
    ini = tmp_path / "alembic.ini"
    ini.write_text(ini.read_text().replace("databases = engine1, engine2", f"databases = {names}"))
    engine = SimpleNamespace(name="local", server=SimpleNamespace(edition="community"))
    if names == "series":
        Migrations.on(engine, alembic_config(ini))
        return
    with pytest.raises(MigrationFailed) as caught:
        Migrations.on(engine, alembic_config(ini))
    assert (
        caught.value.problem == "env.py migrates 2 databases (app, series), and the suite has one."
    )
    assert caught.value.hint == (
        "Copy alembic.ini, write databases = series in the copy, and name the copy with"
        " --alembic-ini, and the models of that database with --models."
    )
