"""The migration as a person runs it: `alembic upgrade head` with DATABASE_URL, in a process."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy import create_engine, pool, text

PROJECT = Path(__file__).parents[2]


def alembic(url, *arguments, **environment):
    """The finished process of the alembic command."""
    address = url if isinstance(url, str) else url.render_as_string(hide_password=False)
    return subprocess.run(
        [sys.executable, "-m", "alembic", *arguments],
        cwd=PROJECT, env={**os.environ, "DATABASE_URL": address, **environment},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def connected(url):
    return create_engine(url, poolclass=pool.NullPool).connect()


@pytest.fixture
def options(conformance_engine):
    """What the server's edition needs on the command line."""
    return [] if conformance_engine.capabilities.community_edition else ["-x", "apache=allow"]


def test_up_down_and_up_again(empty_database, options):
    for direction in (["upgrade", "head"], ["downgrade", "base"], ["upgrade", "head"]):
        done = alembic(empty_database, *options, *direction)
        assert done.returncode == 0, done.stderr
    with connected(empty_database) as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "0001"


def test_check_finds_nothing_to_generate(empty_database, options):
    assert alembic(empty_database, *options, "upgrade", "head").returncode == 0
    assert "No new upgrade operations" in alembic(empty_database, "check").stdout


def test_downgrade_keeps_the_extension(empty_database, options):
    alembic(empty_database, *options, "upgrade", "head")
    alembic(empty_database, *options, "downgrade", "base")
    with connected(empty_database) as connection:
        assert connection.scalar(
            text("SELECT count(*) FROM pg_extension WHERE extname = 'timescaledb'")
        )


def test_tables_land_in_public_whoever_migrates(empty_database, options):
    with connected(empty_database) as connection:
        connection.execute(text("CREATE SCHEMA elsewhere"))
        connection.execute(text("ALTER ROLE CURRENT_USER SET search_path = elsewhere, public"))
        connection.commit()
    try:
        done = alembic(empty_database, *options, "upgrade", "head")
        assert done.returncode == 0, done.stderr
    finally:
        with connected(empty_database) as connection:
            connection.execute(text("ALTER ROLE CURRENT_USER RESET search_path"))
            connection.commit()
    with connected(empty_database) as connection:
        schemas = connection.scalars(
            text("SELECT DISTINCT schemaname FROM pg_tables WHERE tablename IN"
                 " ('market_data', 'instruments', 'alembic_version')")
        ).all()  # fmt: skip
    assert schemas == ["public"]


def test_the_apache_edition_is_refused(empty_database, conformance_engine):
    if conformance_engine.capabilities.community_edition:
        pytest.skip("needs a server of the Apache edition; run with --image")
    done = alembic(empty_database, "upgrade", "head")
    assert done.returncode != 0
    assert "Apache edition of TimescaleDB" in done.stderr
    assert "-x apache=allow" in done.stderr
    assert "Traceback" not in done.stderr
    with connected(empty_database) as connection:
        assert connection.scalar(text("SELECT to_regclass('public.data_sources')")) is None


def test_offline_asks_the_server_the_same_questions():
    script = alembic("postgresql://nobody@nowhere/none", "upgrade", "head", "--sql").stdout
    assert "this server has no TimescaleDB" in script
    assert "Apache edition" in script
    assert "lock_timeout = '5s'" in script
    assert script.strip().endswith("COMMIT;")
    without = alembic(
        "postgresql://nobody@nowhere/none", "-x", "apache=allow", "upgrade", "head", "--sql"
    ).stdout
    assert "create_hypertable" in without
    assert "compress" not in without
    assert "Apache edition" not in without


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "DATABASE_URL is not set"),
        ("sqlite:///x", "names a sqlite database"),
        ("nonsense", "is not a database URL"),
        ("postgresql://u:secret@h:port/d", "is not a database URL"),
        ("postgresql://u:secret@[::1/d", "is not a database URL"),
        ("postgresql://u:se@cret@127.0.0.1:1/d", "more than one @"),
        ("postgresql://u:secret@127.0.0.1:1/d?colour=red", 'invalid connection option "colour"'),
        pytest.param(
            "postgresql://u:secret@127.0.0.1:1/d%00",
            "null",
            marks=pytest.mark.skipif(
                sqlalchemy.__version__ < "2.1", reason="it takes a database's name as it is written"
            ),
        ),
        ("postgresql://u:secret@127.0.0.1:1/d", "port 1 failed: Connection refused"),
    ],
)
def test_a_wrong_url_is_one_sentence(url, words):
    done = alembic(url, "upgrade", "head")
    assert done.returncode != 0
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert "cret" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_server_that_never_answers_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"postgresql://desk:secret@127.0.0.1:{silent.getsockname()[1]}/desk"
        done = alembic(f"{address}?connect_timeout=2", "upgrade", "head")
        assert "timeout expired" in done.stderr
        done = alembic(address, "upgrade", "head")
    assert "timeout expired" in done.stderr
    assert "secret" not in done.stderr


@pytest.mark.needs("concurrent_sessions")
def test_two_at_once(empty_database, options):
    """One does the work; the other waits, and finds it done."""
    done = []
    threads = [
        threading.Thread(
            target=lambda: done.append(alembic(empty_database, *options, "upgrade", "head"))
        )
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.returncode for one in done] == [0, 0], [one.stderr for one in done]
    worked = ["Running upgrade" in one.stderr for one in done]
    assert sorted(worked) == [False, True]


@pytest.mark.needs("concurrent_sessions")
def test_it_gives_up_where_a_table_is_locked(empty_database, options):
    """A downgrade behind a reader fails in seconds, cleanly, and changes nothing."""
    alembic(empty_database, *options, "upgrade", "head")
    with connected(empty_database) as reader:
        reader.execute(text("SELECT count(*) FROM instruments"))
        done = alembic(empty_database, *options, "downgrade", "base")
    assert done.returncode != 0
    assert "lock timeout" in done.stderr
    assert "Traceback" not in done.stderr
    with connected(empty_database) as connection:
        assert connection.scalar(text("SELECT to_regclass('public.signals')")) is not None
