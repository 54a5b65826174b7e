"""The engine on an installed PostgreSQL keeps the protocol, with real servers."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from conformance.engines.base import Template
from conformance.engines.connecting import connect, parse_url
from conformance.engines.local import data, folders, removal
from conformance.engines.local import engine as local_engine
from conformance.engines.local.account import server_account
from conformance.engines.local.engine import LocalEngine
from conformance.errors import EngineUnavailable
from conformance.process.cache import CACHE_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL

    from conformance.engines.local.choosing import Chosen

_COUNT_CHUNKS = "SELECT count(*) FROM timescaledb_information.chunks"


@pytest.fixture(scope="module")
def engine(local: Chosen) -> Iterator[LocalEngine]:
    """A started engine."""
    del local
    engine = LocalEngine()
    engine.start()
    yield engine
    engine.stop()


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder with nothing in it."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def scalar(url: URL, statement: str) -> object:
    """What the statement yields in the database."""
    with connect(url, autocommit=True) as connection:
        return connection.scalar(text(statement))


def started(choice: str = "local") -> LocalEngine:
    engine = LocalEngine(choice)
    engine.start()
    return engine


def clusters() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob(f"{folders.PREFIX}*"))


def write_a_row(url: URL) -> None:
    """A hypertable with a chunk, committed for good."""
    with connect(url, autocommit=True) as connection:
        connection.execute(text("SET synchronous_commit = on"))
        connection.execute(text("CREATE EXTENSION timescaledb"))
        connection.execute(text("CREATE TABLE t (at timestamptz NOT NULL)"))
        connection.execute(text("SELECT create_hypertable('t', 'at')"))
        connection.execute(text("INSERT INTO t VALUES ('2024-01-01')"))


class TestServer:
    def test_can_all_that_a_server_of_our_own_can(self, engine: LocalEngine, local: Chosen) -> None:
        found = engine.capabilities
        assert found.concurrent_sessions
        assert found.copy
        assert found.background_workers
        assert found.restartable
        assert found.crashable
        assert found.community_edition == local.is_community

    def test_is_the_installed_one(self, engine: LocalEngine, local: Chosen) -> None:
        assert engine.server.postgresql == local.installation.version
        assert engine.server.timescaledb == local.timescaledb

    def test_says_who_runs_it(self, engine: LocalEngine, local: Chosen) -> None:
        account = server_account()
        by = f" (run as user {account.name})" if account.name else ""
        folder = local.installation.programs
        assert engine.description == f"local PostgreSQL in {folder}{by}"

    def test_is_not_run_by_root(self, engine: LocalEngine) -> None:
        """The folder of the data belongs to whoever runs the server."""
        data_directory = Path(str(scalar(parse_url(engine.server_url), "SHOW data_directory")))
        owner = data_directory.stat().st_uid
        assert owner == server_account().uid
        assert pwd.getpwuid(owner).pw_name != "root"
        assert data_directory.stat().st_mode & 0o077 == 0
        assert data_directory.parent.stat().st_uid == os.geteuid()
        assert data_directory.parent.stat().st_mode & 0o027 == 0

    def test_admits_nobody_without_the_password(self, engine: LocalEngine) -> None:
        url = parse_url(engine.server_url)
        for password in (None, "guessed"):
            with pytest.raises(EngineUnavailable, match="rejects the password of user postgres"):
                scalar(url._replace(password=password), "SELECT 1")

    def test_listens_on_this_machine_only(self, engine: LocalEngine) -> None:
        url = parse_url(engine.server_url)
        assert scalar(url, "SHOW listen_addresses") == "127.0.0.1"
        assert scalar(url, "SHOW unix_socket_directories") == ""

    def test_its_port_is_none_that_connections_get(self, engine: LocalEngine) -> None:
        assert parse_url(engine.server_url).port in local_engine._PORTS


class TestDatabases:
    def test_empty_has_no_extension(self, engine: LocalEngine) -> None:
        with engine.database() as url:
            statement = "SELECT count(*) FROM pg_extension WHERE extname = 'timescaledb'"
            assert scalar(url, statement) == 0

    def test_templates_of_one_key_and_two_names_are_two(self, engine: LocalEngine) -> None:
        def nothing(_: URL) -> None:
            pass

        counts = []
        for name, prepare in (("empty", nothing), ("filled", write_a_row)):
            with engine.database(Template(name, "of-one-key", prepare)) as url:
                counts.append(scalar(url, "SELECT count(*) FROM pg_tables WHERE tablename = 't'"))
        assert counts == [0, 1]

    def test_template_is_prepared_once(self, engine: LocalEngine) -> None:
        prepared = []

        def prepare(url: URL) -> None:
            prepared.append(url)
            write_a_row(url)

        template = Template("once", "once", prepare)
        for _ in range(2):
            with engine.database(template) as url:
                assert scalar(url, _COUNT_CHUNKS) == 1
        assert len(prepared) == 1

    def test_two_engines_at_once(self, engine: LocalEngine) -> None:
        other = started()
        assert other.server_url != engine.server_url
        other.stop()
        with engine.database() as url:
            assert scalar(url, "SELECT 1") == 1


class TestRestart:
    def test_keeps_data_and_address(self, engine: LocalEngine) -> None:
        with engine.database() as url:
            write_a_row(url)
            with connect(url) as lost:
                engine.restart()
                with pytest.raises(OperationalError):
                    lost.scalar(text("SELECT 1"))
            assert scalar(url, _COUNT_CHUNKS) == 1

    def test_after_it_databases_are_made(self, engine: LocalEngine) -> None:
        engine.restart()
        with engine.database(Template("after", "after", write_a_row)) as url:
            assert scalar(url, _COUNT_CHUNKS) == 1


class TestCrash:
    def test_keeps_what_was_committed(self, engine: LocalEngine) -> None:
        with engine.database() as url:
            write_a_row(url)
            for _ in range(3):
                engine.crash()
            assert scalar(url, _COUNT_CHUNKS) == 1

    def test_in_the_middle_of_work(self, engine: LocalEngine) -> None:
        with engine.database() as url, connect(url) as busy:
            write_a_row(url)
            busy.execute(text("INSERT INTO t SELECT generate_series(now(), now() + '9 d', '1 h')"))
            engine.crash()
            with pytest.raises(OperationalError):
                busy.commit()
            assert scalar(url, "SELECT count(*) FROM t") == 1

    def test_of_one_session(self, engine: LocalEngine) -> None:
        """All other sessions end too: PostgreSQL starts anew."""
        with engine.database() as url:
            write_a_row(url)
            with connect(url) as one, connect(url) as other:
                engine.crash(int(one.scalar(text("SELECT pg_backend_pid()"))))
                for session in (one, other):
                    with pytest.raises(OperationalError):
                        session.scalar(text("SELECT 1"))
            assert scalar(url, _COUNT_CHUNKS) == 1

    def test_of_a_process_that_is_not_the_servers(self, engine: LocalEngine) -> None:
        engine.crash(os.getpid())
        with engine.database() as url:
            assert scalar(url, "SELECT 1") == 1


class TestVersions:
    def test_each_offered_one_can_be_the_default(self, local: Chosen) -> None:
        others = [one for one in local.installation.offered if one != local.timescaledb]
        if not others:
            pytest.skip(f"{local.installation} offers TimescaleDB {local.timescaledb} only")
        engine = started(f"local:{local.installation.programs}@{others[0]}")
        try:
            assert engine.server.timescaledb == others[0]
            with engine.database() as url:
                write_a_row(url)
                engine.restart()
                statement = "SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'"
                assert scalar(url, statement) == others[0]
            with engine.database() as url, connect(url, autocommit=True) as connection:
                create = f"CREATE EXTENSION timescaledb VERSION '{local.timescaledb}'"
                connection.execute(text(create))
        finally:
            engine.stop()

    def test_other_users_may_read_the_links(self, local: Chosen) -> None:
        others = [one for one in local.installation.offered if one != local.timescaledb]
        if not others:
            pytest.skip(f"{local.installation} offers TimescaleDB {local.timescaledb} only")
        before = os.umask(0o077)
        try:
            started(f"local@{others[0]}").stop()
        finally:
            os.umask(before)


@pytest.mark.usefixtures("local")
class TestKeptData:
    def test_are_copied(self, own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        started().stop()
        (kept,) = (own_cache / "clusters").iterdir()
        assert kept.stat().st_mode & 0o077 == 0

        def fail(*_: object) -> str:
            raise AssertionError("initdb runs again")

        monkeypatch.setattr(data, "_create", fail)
        started().stop()

    def test_that_are_cut_off_or_damaged_are_made_anew(self, own_cache: Path) -> None:
        started().stop()
        (kept,) = (own_cache / "clusters").iterdir()
        size = kept.stat().st_size
        for share in (0, 0.5, 0.99):
            os.truncate(kept, int(size * share))
            started().stop()
            assert kept.stat().st_size == size, share
        before = kept.read_bytes()
        kept.write_bytes(before.replace(b"postgresql.conf", b"postgresql.cone"))
        started().stop()
        assert b"postgresql.conf" in kept.read_bytes()

    def test_are_not_needed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(CACHE_VARIABLE, "/proc/nothing")
        started().stop()

    def test_the_last_used_ones_stay(self, own_cache: Path) -> None:
        folder = own_cache / "clusters"
        folder.mkdir(parents=True)
        for name in ("1.tar", "2.tar", "3.tar", "4.tar", "5.part"):
            (folder / name).touch()
            os.utime(folder / name, (int(name[0]), int(name[0])))
        (folder / "new.part").touch()
        started().stop()
        names = {path.name for path in folder.iterdir()}
        assert {"2.tar", "3.tar", "4.tar", "new.part"} < names
        assert len(names) == 5


class TestFailure:
    @pytest.fixture(autouse=True)
    def nothing_left(self, local: Chosen) -> Iterator[None]:
        """Neither a folder nor a process remains; in a folder where no other test starts one."""
        del local
        with tempfile.TemporaryDirectory() as own, pytest.MonkeyPatch.context() as patch:
            Path(own).chmod(0o755)
            patch.setattr(tempfile, "tempdir", own)
            yield
            assert not clusters()
            assert not [process for process in removal.processes() if own in process.command]

    def test_a_port_that_is_taken(self, monkeypatch: pytest.MonkeyPatch) -> None:
        free = local_engine._free_port
        with socket.create_server(("127.0.0.1", 0)) as listening:
            ports = [listening.getsockname()[1]]
            monkeypatch.setattr(
                local_engine, "_free_port", lambda: ports.pop() if ports else free()
            )
            engine = started()
        assert not ports
        engine.stop()

    def test_a_server_that_does_not_start(
        self, own_cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        del own_cache
        monkeypatch.setitem(data.CONFIGURATION, "shared_preload_libraries", "'nonsense'")
        with pytest.raises(EngineUnavailable) as caught:
            started()
        said = 'ended while starting; its log says: FATAL:  could not access file "nonsense": '
        assert said in caught.value.problem

    def test_a_server_that_never_gets_ready(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(local_engine, "READY_TIMEOUT", 0.5)
        monkeypatch.setattr(local_engine, "_is_ready", lambda *_: False)
        with pytest.raises(EngineUnavailable, match=r"is not ready after 0\.5 s; its log says: "):
            started()

    @pytest.mark.parametrize("folder", ["/proc", "/nonexistent"])
    def test_no_folder_for_the_data(self, monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        with pytest.raises(EngineUnavailable) as caught:
            started()
        monkeypatch.undo()
        assert caught.value.problem.startswith(f"A data directory cannot be created in {folder}: ")
        assert caught.value.hint.startswith(
            "Free disk space there, set TMPDIR to a writable folder "
        )

    def test_a_folder_that_the_servers_user_cannot_reach(
        self, own_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if not server_account().name:
            pytest.skip("the server's user is we")
        tmp_path.chmod(0o700)
        (tmp_path / "closed").mkdir(0o700)
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "closed"))
        with pytest.raises(EngineUnavailable) as caught:
            started()
        assert "initdb of PostgreSQL" in caught.value.problem
        assert "Permission denied" in caught.value.problem
        assert "set TMPDIR to another folder" in caught.value.hint
        assert list((tmp_path / "closed").iterdir()) == []
        assert not own_cache.exists()

    def test_a_program_that_cannot_be_started(
        self, own_cache: Path, tmp_path: Path, local: Chosen
    ) -> None:
        """As where it lies in a folder that the server's user may not look into."""
        del own_cache
        programs = tmp_path / "bin"
        programs.mkdir()
        for name in ("postgres", "initdb", "pg_config"):
            shutil.copy(local.installation.programs / name, programs)
        (programs / "pg_config").write_text(
            f'#!/bin/sh\nexec {local.installation.programs}/pg_config "$@"\n'
        )
        (programs / "initdb").write_text("")
        (programs / "initdb").chmod(0o600)
        with pytest.raises(EngineUnavailable, match=r"initdb cannot be started.* denied\."):
            started(f"local:{programs}")

    def test_a_wrong_password_is_in_no_message(self, engine: LocalEngine) -> None:
        url = parse_url(engine.server_url).set(database="nothing")
        with pytest.raises(EngineUnavailable) as caught:
            scalar(url, "SELECT 1")
        assert str(url.password) not in str(caught.value)
        assert str(url.password) not in engine.description

    def test_psycopg2_alone_connects_too(self, engine: LocalEngine) -> None:
        url = parse_url(engine.server_url)
        psycopg2.connect(
            host=url.host,
            port=url.port,
            user=url.username,
            password=url.password,
            dbname="postgres",
        ).close()
