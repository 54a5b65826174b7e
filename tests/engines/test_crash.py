"""A server that crashes during a run gives no verdict, instead of a wrong one."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Connection, MetaData, text

from conformance.audit import audit
from conformance.engines.connecting import connect, parse_url
from conformance.errors import EngineUnavailable, ServerUnsupported
from conformance.project.migrations import Migrations
from conformance.project.scripts import alembic_config

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from conformance.engines.base import Engine

_ROOT = Path(__file__).parents[2]
_END_A_WRITER = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname LIKE 'conformance%' AND query LIKE 'INSERT%'"
    # The migration's; that it is lost is tested on its own.
    " AND query NOT LIKE '%alembic_version%' LIMIT 1"
)


def test_session_lost_in_the_migration(own_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def end_own_session(_: object, connection: Connection) -> None:
        connection.scalar(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    monkeypatch.setattr(Migrations, "upgrade", end_own_session)
    template = Migrations(alembic_config(_ROOT / "alembic.ini")).template()
    with pytest.raises(
        EngineUnavailable, match="The server ended the connection during the migration to 0001"
    ):
        template.prepare(parse_url(own_engine.server_url))


@pytest.mark.slow
def test_lost_session_is_no_finding(own_engine: Engine, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "conformance", "check", "--engine", own_engine.server_url]
    with (
        connect(parse_url(own_engine.server_url), autocommit=True) as connection,
        subprocess.Popen(
            [*command, "--reports", str(tmp_path), "-k", "test_rows"],
            cwd=_ROOT,
            env={**os.environ, "PYTHONPATH": str(_ROOT)},
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        # Again until it is noticed: an idle session may have no more to say.
        deadline = time.monotonic() + 120
        try:
            while process.poll() is None:
                assert time.monotonic() < deadline
                connection.scalar(_END_A_WRITER)
                time.sleep(0.05)
        finally:
            process.kill()
        said = process.stderr.read() if process.stderr else ""
    assert "conformance: The server ended the connection during " in said
    assert process.returncode == 2


@pytest.mark.slow
def test_a_server_without_connections_left_is_no_finding(
    own_engine: Engine, tmp_path: Path
) -> None:
    """The checks of several sessions need more of them than this role may have."""
    url = parse_url(own_engine.server_url)
    with connect(url, autocommit=True) as connection:
        connection.execute(
            text("CREATE ROLE few LOGIN CREATEDB PASSWORD 'secret' CONNECTION LIMIT 5")
        )
    address = url.set(username="few", password="secret").render_as_string(hide_password=False)
    done = subprocess.run(
        [sys.executable, "-m", "conformance", "check", "--engine", address,
         "--reports", str(tmp_path), "-k", "test_writers_take_turns"],
        cwd=_ROOT, env={**os.environ, "PYTHONPATH": str(_ROOT)},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 2, done.stdout
    assert "has no connection left. Close other sessions, or raise max_connections." in done.stderr
    assert "secret" not in done.stdout + done.stderr


def test_a_server_that_does_not_load_timescaledb_any_more(own_engine: Engine) -> None:
    """There the library ends the session that loads it, as a crash of the server does."""
    with own_engine.database() as url:
        with connect(url, autocommit=True) as connection:
            connection.execute(text("CREATE EXTENSION timescaledb"))
            connection.execute(text("ALTER SYSTEM SET shared_preload_libraries = 'auto_explain'"))
        own_engine.restart()
        with pytest.raises(ServerUnsupported, match="TimescaleDB installed, but does not load it"):
            audit(url.render_as_string(hide_password=False), MetaData())


def test_a_session_lost_in_an_audit(own_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def end(connection: Connection) -> None:
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    monkeypatch.setattr("conformance.audit.identify_server", end)
    with own_engine.database() as url, pytest.raises(EngineUnavailable) as caught:
        audit(url.render_as_string(hide_password=False), MetaData())
    assert caught.value.problem.startswith("The server ended the connection during the audit")
