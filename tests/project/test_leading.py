"""Connections of a project's code are led to the suite's database during a migration."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from contextlib import closing

import psycopg2
import pytest
from sqlalchemy import create_engine, make_url, pool, text
from sqlalchemy.exc import InterfaceError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import QueuePool

from conformance.engines.addresses import parameters_to
from conformance.engines.started import start_session
from conformance.errors import MigrationFailed
from conformance.project.confinement import confined, nowhere, only_to
from conformance.project.leading import refusing
from conformance.project.scripts import alembic_config

ELSEWHERE = "db.example.invalid"
LOOK = "SELECT name FROM whose"


@pytest.fixture(scope="module")
def places():
    """Two databases, each of which says its name."""
    session = start_session("embedded", None)
    try:
        with session.engine.database() as ours, session.engine.database() as theirs:
            for url, name in ((ours, "ours"), (theirs, "theirs")):
                with create_engine(url, poolclass=pool.NullPool).begin() as connection:
                    connection.execute(text(f"CREATE TABLE whose AS SELECT '{name}' AS name"))
            yield ours, theirs
    finally:
        session.engine.stop()


@pytest.fixture
def ours(places):
    return places[0]


def engine(address, **options):
    return create_engine(address, poolclass=pool.NullPool, **options)


def seen_through(engine):
    with engine.connect() as connection:
        return connection.scalar(text(LOOK))


async def seen_asynchronously(address, **options):
    engine = create_async_engine(address, poolclass=pool.NullPool, **options)
    async with engine.connect() as connection:
        return await connection.scalar(text(LOOK))


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg"])
def test_an_engine(ours, driver):
    with only_to(ours):
        assert seen_through(engine(f"postgresql+{driver}://app:secret@{ELSEWHERE}/app")) == "ours"


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
def test_an_asynchronous_engine(ours, driver):
    with only_to(ours):
        address = f"postgresql+{driver}://app:secret@{ELSEWHERE}/app"
        assert asyncio.run(seen_asynchronously(address)) == "ours"


def test_what_an_address_says_of_ssl_belongs_to_its_server(ours):
    with only_to(ours):
        for query in ("ssl=require", "ssl=verify-full&timeout=1"):
            address = f"postgresql+asyncpg://app@{ELSEWHERE}/app?{query}"
            assert asyncio.run(seen_asynchronously(address)) == "ours"
        for query in ("sslmode=verify-full&sslrootcert=/nowhere", "host=a.invalid,b.invalid"):
            assert seen_through(engine(f"postgresql+psycopg2://app@/app?{query}")) == "ours"


def test_how_a_session_behaves_is_kept(ours):
    options = {"options": "-c search_path=elsewhere", "hostaddr": "192.0.2.1", "dbname": "app"}
    led = parameters_to("psycopg2", ours, options)
    assert led["options"] == "-c search_path=elsewhere"
    assert "hostaddr" not in led
    assert led["dbname"] == ours.database


def test_the_engine_of_an_application_that_was_used_before(places):
    """Neither the connection that it keeps to its own place is used, nor later the one to ours."""
    ours, theirs = places
    application = create_engine(theirs, poolclass=QueuePool)
    assert seen_through(application) == "theirs"
    with only_to(ours):
        assert seen_through(application) == "ours"
        assert seen_through(application) == "ours"
    assert seen_through(application) == "theirs"
    application.dispose()


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_an_asynchronous_engine_that_outlives_its_event_loop(places):
    ours, theirs = places
    application = create_async_engine(ours.set(drivername="postgresql+asyncpg", query={}))

    async def look():
        async with application.connect() as connection:
            return await connection.scalar(text(LOOK))

    for url, name in ((theirs, "theirs"), (ours, "ours")):
        with only_to(url):
            assert asyncio.run(look()) == name
    # asyncio complains of what nobody has closed when it is thrown away.
    gc.collect()


def test_a_connection_that_ends_before_sqlalchemy_has_asked_its_first_questions(ours, monkeypatch):
    """As one that is cut while a migration begins: its own error is told."""
    application = engine(f"postgresql+psycopg2://app@{ELSEWHERE}/app")
    ask = application.dialect.initialize

    def initialize(connection):
        connection.connection.dbapi_connection.close()
        ask(connection)

    monkeypatch.setattr(application.dialect, "initialize", initialize)
    with pytest.raises(InterfaceError, match="already closed"), only_to(ours):
        application.connect()


def test_connections_that_pass_sqlalchemy_by(places):
    ours, theirs = places
    theirs_in_libpqs_words = theirs.render_as_string(hide_password=False).replace("+psycopg2", "")

    def connect():
        return psycopg2.connect(theirs_in_libpqs_words)

    psycopg = pytest.importorskip("psycopg")
    with only_to(ours):
        for connecting in (connect, lambda: psycopg.connect(theirs_in_libpqs_words)):
            with closing(connecting()) as raw, raw.cursor() as cursor:
                cursor.execute(LOOK)
                assert cursor.fetchone() == ("ours",)
        assert seen_through(engine("postgresql+psycopg2://", creator=connect)) == "ours"
    with closing(connect()) as raw, raw.cursor() as cursor:
        cursor.execute(LOOK)
        assert cursor.fetchone() == ("theirs",)


def test_asyncpg_without_sqlalchemy(places):
    asyncpg = pytest.importorskip("asyncpg")
    ours, theirs = places

    async def look():
        connection = await asyncpg.connect(
            host=theirs.host, port=theirs.port, user="postgres", database="postgres"
        )
        try:
            return await connection.fetchval(LOOK)
        finally:
            await connection.close()

    with only_to(ours):
        assert asyncio.run(look()) == "ours"
    assert asyncio.run(look()) == "theirs"


def test_variables_of_the_environment_name_it(ours, monkeypatch):
    """For another program that a migration runs, and for settings that are read late."""
    monkeypatch.setenv("PGHOSTADDR", "192.0.2.1")
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg://app:secret@db.example.invalid/app")
    with only_to(ours):
        assert "PGHOSTADDR" not in os.environ
        assert os.environ["PGPORT"] == str(ours.port)
        assert os.environ["DATABASE_URL"].startswith("postgresql+psycopg://postgres@127.0.0.1:")
        with closing(psycopg2.connect("")) as raw, raw.cursor() as cursor:
            cursor.execute(LOOK)
            assert cursor.fetchone() == ("ours",)
    assert os.environ["PGHOSTADDR"] == "192.0.2.1"
    assert "PGPORT" not in os.environ


@pytest.fixture
def told(tmp_path, ours, monkeypatch):
    """`told(written, environment)`: the two addresses that an env.py finds."""

    def found(written, environment=""):
        monkeypatch.setenv("DATABASE_URL", environment)
        (tmp_path / "alembic.ini").write_text(f"[alembic]\nsqlalchemy.url = {written}\n")
        config = alembic_config(tmp_path / "alembic.ini")
        with confined(config, ours):
            return config.get_main_option("sqlalchemy.url"), os.environ["DATABASE_URL"]

    return found


@pytest.mark.parametrize(
    ("written", "drivername"),
    [
        ("postgresql+psycopg://app@h/d", "postgresql+psycopg"),
        ("postgresql+asyncpg://app@h/d", "postgresql+asyncpg"),
        ("driver://user:pass@localhost/dbname", "postgresql+psycopg2"),
        ("%(DB_URL)s", "postgresql+psycopg2"),
        ("mysql://h/d", "postgresql+psycopg2"),
    ],
)
def test_dialect_and_driver_are_those_of_the_ini_file(told, ours, written, drivername):
    for address in told(written):
        url = make_url(address)
        assert (url.drivername, url.host, url.port) == (drivername, ours.host, ours.port)


def test_dialect_and_driver_are_those_of_the_environment(told):
    ini, environment = told("postgresql+psycopg2://app@h/d", "postgresql://app@h/d")
    assert make_url(ini).drivername == "postgresql+psycopg2"
    assert make_url(environment).drivername == "postgresql"


def test_an_asynchronous_env_py_is_told_an_asynchronous_driver(tmp_path, ours, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s\n")
    (tmp_path / "env.py").write_text("async def migrate(): ...")
    config = alembic_config(tmp_path / "alembic.ini")
    with confined(config, ours):
        address = os.environ["DATABASE_URL"]
        assert address == config.get_main_option("sqlalchemy.url")
        assert address.startswith("postgresql+asyncpg://")
        assert asyncio.run(seen_asynchronously(address)) == "ours"


def test_offline_the_driver_is_that_of_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql+asyncpg://app@h/d")
    (tmp_path / "alembic.ini").write_text("[alembic]\nsqlalchemy.url = postgresql://app@h/d\n")
    with nowhere(alembic_config(tmp_path / "alembic.ini")):
        url = make_url(os.environ["DATABASE_URL"])
    assert (url.drivername, url.host) == ("postgresql+asyncpg", "nowhere")


def test_what_cannot_be_led_is_refused(ours, tmp_path):
    with only_to(ours), pytest.raises(MigrationFailed) as caught:
        create_engine(f"sqlite:///{tmp_path / 'file'}").connect()
    assert (
        "connects to sqlite through pysqlite, whose connections cannot be" in caught.value.problem
    )
    assert "give their variables in [tool.conformance.environment]" in caught.value.hint


def test_what_only_prints_sql_has_nowhere_to_go(ours, tmp_path):
    (tmp_path / "alembic.ini").write_text("[alembic]\nsqlalchemy.url = postgresql://app@h/d\n")
    with nowhere(alembic_config(tmp_path / "alembic.ini")):
        for connect in (lambda: engine(ours).connect(), lambda: psycopg2.connect(host=ours.host)):
            with pytest.raises(MigrationFailed, match="should only print SQL"):
                connect()


def test_a_refusal_goes_before_all_that_leads(ours):
    with refusing(lambda: MigrationFailed("No.")), only_to(ours):  # noqa: SIM117
        with pytest.raises(MigrationFailed, match="No"):
            engine(ours).connect()


def test_other_threads_go_where_they_go(places):
    ours, theirs = places
    found = []
    with only_to(ours):
        thread = threading.Thread(target=lambda: found.append(seen_through(engine(theirs))))
        thread.start()
        thread.join()
    assert found == ["theirs"]
