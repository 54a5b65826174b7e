"""The engine on a server's URL, on a real server."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import URL, MetaData, inspect, text

from conformance.audit import audit
from conformance.engines.base import Template
from conformance.engines.connecting import (
    connect,
    explain_connection_error,
    parse_url,
    place,
    scrubbed,
)
from conformance.engines.server.on_server import create_extension
from conformance.engines.server.ownership import Run, number_of
from conformance.engines.server.url import UrlEngine
from conformance.errors import EngineUnavailable, ServerUnsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    Holder = Callable[..., AbstractContextManager[subprocess.Popen[str]]]

SECRET = "s3cr3t"


@pytest.fixture
def engine(server: URL) -> Iterator[UrlEngine]:
    """A started engine on it."""
    engine = UrlEngine(server)
    engine.start()
    try:
        yield engine
    finally:
        engine.stop()


def databases(server: URL) -> set[str]:
    """All databases on the server, which others use as well."""
    with connect(server) as connection:
        return set(connection.execute(text("SELECT datname FROM pg_database")).scalars())


def of_run(server: URL, database: str) -> set[str]:
    """All databases of the run that made this one."""
    number = number_of(database)
    assert number is not None
    return {name for name in databases(server) if number_of(name) == number}


def execute(url: URL, *statements: str) -> None:
    """Run the statements, each for itself."""
    with connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(text(statement))


def tables(url: URL) -> list[str]:
    """The tables in the database."""
    with connect(url) as connection:
        return inspect(connection).get_table_names()


@contextmanager
def extra_role(server: URL, options: str) -> Iterator[URL]:
    """The server's URL with a role made for the test."""
    execute(server, f"CREATE ROLE conformance_test_role LOGIN PASSWORD '{SECRET}' {options}")
    try:
        yield server.set(username="conformance_test_role", password=SECRET)
    finally:
        execute(server, "DROP ROLE conformance_test_role")


@contextmanager
def pgbouncer(server: URL, mode: str, folder: Path) -> Iterator[URL]:
    """The server through a pool of sessions; Debian's package is pgbouncer."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if program is None:
        pytest.skip("pgbouncer is not installed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    target = f"host={server.host} port={server.port or 5432} user={server.username}"
    password = f" password='{server.password}'" if server.password else ""
    configuration = folder / "pgbouncer.ini"
    configuration.write_text(
        f"[databases]\n* = {target}{password}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
        f"listen_port = {port}\nunix_socket_dir =\nauth_type = any\npool_mode = {mode}\n"
        "ignore_startup_parameters = extra_float_digits\n"
    )
    command = [program, str(configuration)]
    as_user: dict[str, Any] = {}
    if os.geteuid() == 0:
        # pgbouncer refuses to run as root.
        folder.chmod(0o755)
        as_user = {"user": "nobody", "cwd": "/"}
        for parent in folder.parents[:3]:
            parent.chmod(parent.stat().st_mode | 0o055)
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, **as_user) as process:
        try:
            url = server.set(host="127.0.0.1", port=port)
            _await(url)
            yield url
        finally:
            process.terminate()


def _await(url: URL) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            with connect(url):
                return
        except EngineUnavailable:
            assert time.monotonic() < deadline
            time.sleep(0.05)


class TestDatabases:
    def test_are_truly_empty(self, engine: UrlEngine) -> None:
        with engine.database() as url, connect(url) as connection:
            extensions = connection.execute(text("SELECT extname FROM pg_extension")).scalars()
            assert list(extensions) == ["plpgsql"]

    def test_go_with_their_context_even_while_in_use(self, engine: UrlEngine, server: URL) -> None:
        with engine.database() as url, connect(url):
            assert url.database in databases(server)
            left_open = connect(url)
            left_open.__enter__()
        assert url.database not in databases(server)

    def test_go_when_the_body_fails(self, engine: UrlEngine, server: URL) -> None:
        with pytest.raises(ZeroDivisionError), engine.database() as url:
            raise ZeroDivisionError
        assert url.database not in databases(server)

    def test_all_go_with_the_engine(self, server: URL) -> None:
        engine = UrlEngine(server)
        engine.start()
        opened = engine.database(Template("schema", "key", lambda _: None))
        number = number_of(str(opened.__enter__().database))
        engine.stop()
        engine.stop()
        assert number not in {number_of(name) for name in databases(server)}

    def test_of_two_engines_do_not_disturb_each_other(self, engine: UrlEngine, server: URL) -> None:
        with engine.database() as url:
            other = UrlEngine(server)
            other.start()
            with other.database() as other_url:
                assert {url.database, other_url.database} <= databases(server)
            other.stop()
            assert url.database in databases(server)


class TestTemplates:
    def test_prepared_once_and_copied_quickly(self, engine: UrlEngine) -> None:
        prepared = []

        def prepare(url: URL) -> None:
            prepared.append(url)
            execute(
                url,
                "CREATE EXTENSION timescaledb",
                "CREATE TABLE prices (at timestamptz NOT NULL)",
                "SELECT create_hypertable('prices', 'at')",
            )

        template = Template("schema", "key", prepare)
        with engine.database(template) as first:
            execute(first, "CREATE TABLE mine ()")
            # Were a scheduler in the way, PostgreSQL would wait for 5 s and then give up.
            start = time.monotonic()
            with engine.database(template) as second:
                assert time.monotonic() - start < 4
                assert tables(second) == ["prices"]
        assert len(prepared) == 1

    def test_start_from_a_database_that_is_there(self, engine: UrlEngine) -> None:
        """Templates add to what it holds; an empty database stays empty; nobody gets into it."""

        def add(url: URL) -> None:
            with connect(url, autocommit=True) as connection:
                connection.execute(text("CREATE TABLE second AS SELECT count(*) FROM first"))

        with engine.database() as origin:
            with connect(origin, autocommit=True) as connection:
                connection.execute(text("CREATE EXTENSION timescaledb"))
                connection.execute(text("CREATE TABLE first (n integer)"))
            engine.start_from(origin)
            with engine.database(Template("more", "more", add)) as url, connect(url) as connection:
                assert sorted(inspect(connection).get_table_names()) == ["first", "second"]
            with engine.database() as url, connect(url) as connection:
                assert inspect(connection).get_table_names() == []
            with pytest.raises(EngineUnavailable), connect(origin):
                pass

    def test_failing_preparation_leaves_nothing(self, engine: UrlEngine, server: URL) -> None:
        made = []

        def prepare(url: URL) -> None:
            made.append(str(url.database))
            raise ZeroDivisionError

        with engine.database() as other:
            with (
                pytest.raises(ZeroDivisionError),
                engine.database(Template("schema", "k", prepare)),
            ):
                pass
            left = of_run(server, str(other.database))
        assert made
        assert str(other.database) in left
        assert not left & set(made)


class TestRoles:
    def test_without_superuser_everything_works(self, server: URL) -> None:
        def prepare(url: URL) -> None:
            execute(url, "CREATE EXTENSION timescaledb", "CREATE TABLE prices ()")

        with extra_role(server, "CREATEDB") as url:
            engine = UrlEngine(url)
            engine.start()
            with engine.database(Template("schema", "key", prepare)) as copy:
                assert tables(copy) == ["prices"]
            engine.stop()

    def test_may_not_create_databases(self, server: URL) -> None:
        with (
            extra_role(server, "NOCREATEDB") as url,
            pytest.raises(EngineUnavailable, match="may not create databases"),
        ):
            UrlEngine(url).start()

    def test_read_only(self, server: URL) -> None:
        with extra_role(server, "CREATEDB") as url:
            execute(
                server, "ALTER ROLE conformance_test_role SET default_transaction_read_only = on"
            )
            with pytest.raises(EngineUnavailable, match="are read-only"):
                UrlEngine(url).start()

    def test_timeouts_of_the_role_do_not_end_what_a_run_does(self, server: URL) -> None:
        """They are meant for the role's applications, and hold in its databases as before."""
        with extra_role(server, "CREATEDB") as url:
            for timeout in (
                "statement_timeout",
                "lock_timeout",
                "idle_in_transaction_session_timeout",
            ):
                execute(server, f"ALTER ROLE conformance_test_role SET {timeout} = '200ms'")
            engine = UrlEngine(url)
            engine.start()
            assert engine._databases is not None
            own = engine._databases._connection()
            assert own.scalar(text("SHOW statement_timeout")) == "0"
            with engine.database(Template("schema", "key", lambda _: None)) as copy:
                with connect(copy) as connection:
                    connection.execute(text("SELECT pg_sleep(0.3)"))
                    time.sleep(0.3)
                    assert connection.scalar(text("SHOW lock_timeout")) == "0"
                left = _settings_of(server, str(copy.database))
            engine.stop()
        assert left
        assert not _settings_of(server, str(copy.database))

    def test_messages_are_in_english(self, server: URL) -> None:
        """`POSIX` stands for any other language: few servers have the locale of one."""
        with extra_role(server, "SUPERUSER") as url:
            execute(server, "ALTER ROLE conformance_test_role SET lc_messages = 'POSIX'")
            engine = UrlEngine(url)
            engine.start()
            with engine.database() as copy, connect(copy) as connection:
                assert connection.scalar(text("SHOW lc_messages")) == "C"
            engine.stop()


class TestEnds:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
    def test_signal_takes_the_databases_along(
        self, server: URL, holder: Holder, number: signal.Signals
    ) -> None:
        with holder(_text(server)) as process:
            assert process.database in of_run(server, process.database)
            process.send_signal(number)
            process.wait(20)
        assert of_run(server, process.database) == set()

    def test_next_start_drops_what_a_killed_run_left(self, server: URL, holder: Holder) -> None:
        with holder(_text(server)) as process:
            assert len(of_run(server, process.database)) == 2
            process.kill()
            process.wait(20)
        _start_and_stop(server)
        assert of_run(server, process.database) == set()

    @pytest.mark.parametrize("word", ["1_empty", "2_extension only", "3_Ä-\n"])
    def test_a_run_recognizes_each_of_its_databases(self, word: str) -> None:
        run = Run.new()
        assert number_of(run.database_name(word)) == run.number
        assert number_of(f"conformance_0123456789abcdef_{word}") is None

    def test_next_start_spares_the_living(self, server: URL, holder: Holder) -> None:
        with holder(_text(server)) as process:
            living = of_run(server, process.database)
            _start_and_stop(server)
            assert of_run(server, process.database) == living
            assert len(living) == 2

    @pytest.mark.parametrize(
        "name", ["conformance_notes", "conformance_0123456789abcdef_1_empty", "my_conformance_x"]
    )
    def test_next_start_spares_what_is_not_ours(self, server: URL, name: str) -> None:
        execute(server, f"CREATE DATABASE {name} TEMPLATE template0")
        try:
            _start_and_stop(server)
            assert name in databases(server)
        finally:
            execute(server, f"DROP DATABASE {name}")

    def test_next_start_spares_a_leftover_in_use(self, server: URL) -> None:
        name = Run.new().database_name("1_empty")
        execute(server, f"CREATE DATABASE {name} TEMPLATE template0")
        with connect(server.set(database=name)):
            _start_and_stop(server)
            assert name in databases(server)
        _start_and_stop(server)
        assert name not in databases(server)


class TestRefusals:
    """One sentence, quickly, and never the password."""

    def refusal(self, url: URL) -> str:
        start = time.monotonic()
        with pytest.raises(EngineUnavailable) as caught:
            UrlEngine(url).start()
        assert time.monotonic() - start < 8
        assert SECRET not in f"{caught.value} {caught.value!r}"
        assert caught.value.hint
        return caught.value.problem

    def test_closed_port(self) -> None:
        url = parse_url(f"postgresql://desk:{SECRET}@127.0.0.1:1/x")
        assert self.refusal(url) == "Nothing listens at 127.0.0.1:1."

    def test_unknown_host(self) -> None:
        url = parse_url(f"postgresql://desk:{SECRET}@nowhere.invalid/x")
        assert self.refusal(url) == "The host name nowhere.invalid cannot be resolved."

    def test_silent_server(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            port = silent.getsockname()[1]
            url = parse_url(f"postgresql://desk:{SECRET}@127.0.0.1:{port}/x?connect_timeout=2")
            assert self.refusal(url) == f"The server at 127.0.0.1:{port} does not answer in time."

    def test_pooler_that_shares_sessions(self, server: URL, tmp_path: Path) -> None:
        """Locks and settings would go to others. An audit, one transaction, may use it."""
        with pgbouncer(server, "transaction", tmp_path) as url:
            problem = self.refusal(url)
            # The database may lack the extension; this is read through the pooler, too.
            with suppress(ServerUnsupported):
                assert audit(_text(url), MetaData()).verdict
        assert problem == (
            f"A pooler at {place(url)} gives each transaction another session of the server."
        )

    def test_pooler_that_keeps_sessions(self, server: URL, tmp_path: Path) -> None:
        with pgbouncer(server, "session", tmp_path) as url:
            engine = UrlEngine(url)
            engine.start()
            assert engine.capabilities.concurrent_sessions
            engine.stop()

    def test_wrong_password(self, server: URL) -> None:
        problem = self.refusal(server.set(password=SECRET))
        assert problem == (
            f"The server at {place(server)} rejects the password of user {server.username}."
        )

    def test_unknown_database(self, server: URL) -> None:
        problem = self.refusal(server.set(database="nowhere"))
        assert problem == f"The server at {place(server)} does not have the database nowhere."

    def test_unknown_option(self) -> None:
        url = parse_url(f"postgresql://desk:{SECRET}@127.0.0.1:1/x?nonsense=1")
        assert 'invalid connection option "nonsense"' in self.refusal(url)


class TestParsing:
    @pytest.mark.parametrize(
        "scheme", ["postgres", "postgresql", "postgresql+psycopg", "postgresql+asyncpg"]
    )
    def test_every_postgresql_url_gets_psycopg2(self, scheme: str) -> None:
        url = parse_url(f" {scheme}://desk:{SECRET}@host:5433/macro?sslmode=require\n")
        assert url.render_as_string(hide_password=False) == (
            f"postgresql+psycopg2://desk:{SECRET}@host:5433/macro?sslmode=require"
        )

    @pytest.mark.parametrize(
        "text_",
        [
            "host/database",
            f"postgresql://desk:x@host:{SECRET}/macro",
            f"postgresql://desk:x@{SECRET}@host/macro",
            f"mysql://desk:{SECRET}@host/macro",
        ],
    )
    def test_refusals_do_not_show_the_password(self, text_: str) -> None:
        with pytest.raises(EngineUnavailable) as caught:
            parse_url(text_)
        assert caught.value.hint
        assert SECRET not in f"{caught.value} {caught.value!r}"

    def test_answer_counts_for_more_than_another_address_that_refused(self) -> None:
        error = RuntimeError(
            'connection to server at "localhost" (::1), port 1 failed: Connection refused\n'
            'connection to server at "localhost" (127.0.0.1), port 1 failed: FATAL: '
            ' database "macro" does not exist'
        )
        url = parse_url("postgresql://desk@localhost:1/macro")
        problem = explain_connection_error(error, url).problem
        assert problem == "The server at localhost:1 does not have the database macro."

    def test_unknown_message_is_scrubbed(self) -> None:
        url = parse_url("postgresql://desk:p%40ss%2Fword@host/macro?sslpassword=other")
        error = RuntimeError("odd\n p@ss/word p%40ss%2Fword other end")
        assert scrubbed(str(error), url) == "odd *** *** *** end"
        assert "p@ss" not in str(explain_connection_error(error, url))


class TestNames:
    def test_are_recognised(self) -> None:
        run = Run.new()
        assert number_of(run.database_name("3_schema")) == run.number

    @pytest.mark.parametrize("name", ["conformance", "conformance_1_x", "conformance_é_x", "desk"])
    def test_of_others_are_not(self, name: str) -> None:
        assert number_of(name) is None

    def test_fit_into_a_postgresql_name(self) -> None:
        assert len(Run.new().database_name("x" * 99)) == 63


def _settings_of(server: URL, database: str) -> list[str]:
    """Settings of roles in the database."""
    with connect(server) as connection:
        return list(
            connection.scalars(
                text(
                    "SELECT s.setconfig FROM pg_db_role_setting s"
                    " JOIN pg_database d ON d.oid = s.setdatabase WHERE d.datname = :name"
                ),
                {"name": database},
            )
        )


def _text(server: URL) -> str:
    return server.render_as_string(hide_password=False)


def _start_and_stop(server: URL) -> None:
    engine = UrlEngine(server)
    engine.start()
    engine.stop()


#: Of the database in which a migration runs.
OF_DATABASE = r"""
DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET search_path TO attic', current_database());
    EXECUTE format('ALTER DATABASE %I SET temp_tablespaces TO pg_default', current_database());
    EXECUTE format('ALTER DATABASE %I SET lock_timeout TO 1', current_database());
    EXECUTE format('ALTER DATABASE %I SET application_name TO %L', current_database(), '%I it''s');
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
END $$
"""
ITS_PROPERTIES = """
SELECT setconfig, array_to_string(datacl, ' ') ~ '(^| )=' AS everybody
  FROM pg_database d JOIN pg_db_role_setting s ON s.setdatabase = d.oid AND s.setrole = 0
 WHERE datname = current_database()
"""


def test_a_copy_has_the_settings_and_privileges_of_its_template(engine):
    def prepare(url):
        with connect(url, autocommit=True) as connection:
            options = {"no_parameters": True}
            connection.exec_driver_sql(OF_DATABASE, execution_options=options)

    template = Template("settings", "settings", prepare)
    with engine.database(template) as url, connect(url) as connection:
        settings, everybody = connection.execute(text(ITS_PROPERTIES)).one()
    # The others would let statements of a run fail, or mean other tables.
    assert settings == ["temp_tablespaces=pg_default", "application_name=%I it's"]
    assert not everybody


def test_a_refused_extension_has_the_hint_of_the_server(engine):
    # TimescaleDB does so where its package was upgraded and the server was not restarted.
    refuse = (
        "CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN "
        "RAISE 'loader version out-of-date' USING HINT = 'Please restart the database.'; END$$",
        "CREATE EVENT TRIGGER refuse ON ddl_command_start WHEN tag IN ('CREATE EXTENSION')"
        " EXECUTE FUNCTION refuse()",
    )
    with engine.database() as url:
        execute(url, *refuse)
        with pytest.raises(EngineUnavailable, match="loader version out-of-date") as refused:
            create_extension(url)
    assert refused.value.hint == "Please restart the database."
