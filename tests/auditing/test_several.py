"""`conformance audit` of several databases on a real server, reachable and not."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import ExitStack, contextmanager

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from sqlalchemy import create_engine, pool, text

from conformance.cli import main
from conformance.project.migrations import Migrations
from conformance.project.scripts import alembic_config
from tests.click_runner import CliRunner

INTERVAL = "SELECT set_chunk_time_interval('market_data', INTERVAL '7 days')"
#: TimescaleDB of this version has no library here, so that nothing may load it.
TOO_OLD = "UPDATE pg_catalog.pg_extension SET extversion = '2.16.1' WHERE extname = 'timescaledb'"
UNLOADED = {"options": "-c timescaledb.disable_load=on"}


def run(*arguments):
    done = CliRunner().invoke(main, ["audit", *map(str, arguments)], catch_exceptions=False)
    return done.exit_code, done.stdout, done.stderr


def alter(url, sql):
    with create_engine(url, poolclass=pool.NullPool).begin() as connection:
        connection.execute(text(sql))


def address(url):
    return url.render_as_string(hide_password=False)


@pytest.fixture(scope="module")
def template(server_engine, without_runs):
    return without_runs(Migrations.on(server_engine, alembic_config()).template())


@pytest.fixture
def fleet(server_engine, server, template, tmp_path):
    """`fleet(20)`: a file with 20 databases, and what counts the sessions in them.

    The first one differs, the second is too old, the last is gone; the others conform.
    """
    with ExitStack() as stack:

        def made(number):
            urls = [
                stack.enter_context(server_engine.database(template)) for _ in range(number - 1)
            ]
            alter(urls[0], INTERVAL)
            stack.enter_context(too_old(urls[1], version(urls[2])))
            (tmp_path / "databases.txt").write_text(listed(urls))
            return tmp_path / "databases.txt", Sessions(server, [url.database for url in urls])

        yield made


def listed(urls):
    """`desk_0 = URL` and so on, and one that is gone."""
    named = {f"desk_{n}": address(url) for n, url in enumerate(urls)}
    named["desk_1"] = address(urls[1].update_query_dict(UNLOADED))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    named["gone"] = f"postgresql://desk:secret@127.0.0.1:{port}/desk"
    return "".join(f"{name} = {url}\n" for name, url in named.items())


@contextmanager
def too_old(url, now):
    """The database says that it has an older TimescaleDB, until the end of the block."""
    unloaded = url.update_query_dict(UNLOADED)
    alter(unloaded, TOO_OLD)
    try:
        yield
    finally:
        alter(unloaded, TOO_OLD.replace("2.16.1", now))


def version(url):
    with create_engine(url, poolclass=pool.NullPool).connect() as connection:
        return connection.scalar(
            text("SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'")
        )


class Sessions:
    """Counts the sessions of the databases while a block runs."""

    def __init__(self, url, databases):
        self.most = {}
        self._url, self._databases = url, databases
        self._ended = threading.Event()

    def __enter__(self):
        self._thread = threading.Thread(target=self._count)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()

    def _count(self):
        counted = text(
            # One that is idle has been left, and ends some time after its client.
            "SELECT datname, count(*), count(*) FILTER (WHERE state <> 'idle')"
            " FROM pg_stat_activity WHERE datname = ANY (:names)"
            " AND backend_type = 'client backend' GROUP BY datname"
        )
        server = create_engine(self._url, poolclass=pool.NullPool, isolation_level="AUTOCOMMIT")
        with server.connect() as connection:
            while not self._ended.is_set():
                rows = connection.execute(counted, {"names": self._databases}).all()
                found = {name: number for name, number, _ in rows}
                for name, number in {**found, "": sum(busy for *_, busy in rows)}.items():
                    self.most[name] = max(self.most.get(name, 0), number)
                time.sleep(0.005)


@pytest.mark.parametrize(("number", "jobs"), [(5, 2), pytest.param(20, 8, marks=pytest.mark.slow)])
def test_a_fleet(fleet, tmp_path, number, jobs):
    metrics, reports = tmp_path / "conformance.prom", tmp_path / "reports"
    file, sessions = fleet(number)
    with sessions:
        code, out, err = run(
            "--databases", file, "--jobs", jobs, "--metrics", metrics, "--reports", reports
        )
    # The worst verdict counts.
    assert (code, err) == (2, "")
    assert out.endswith("Audit: could not run\n")
    assert f"{number - 3} conform, 1 differs, 2 could not run in " in out
    # One finding, once, and where.
    assert out.count("hypertable:market_data:chunk_interval") == 1
    assert "  in desk_0\n" in out
    rows = {line.split()[0]: line for line in out.splitlines() if line.strip()}
    assert " differs " in rows["desk_0"]
    assert "could not run" in rows["desk_1"]
    assert "      The database has TimescaleDB 2.16.1; 2.17 is the oldest supported" in out
    assert "could not run" in rows["gone"]
    assert "      Nothing listens at 127.0.0.1:" in out
    assert "secret" not in out
    for n in range(2, number - 1):
        assert " conforms " in rows[f"desk_{n}"]
    # No more connections than asked for, and one for each database.
    total = sessions.most.pop("")
    assert 0 < total <= jobs
    assert set(sessions.most.values()) == {1}
    verdicts = {
        item["name"]: item for item in json.loads((reports / "audit.json").read_text())["databases"]
    }
    assert len(verdicts) == number
    assert verdicts["desk_0"]["counts"]["findings"] == 1
    families = {
        family.name: family for family in text_string_to_metric_families(metrics.read_text())
    }
    codes = {s.labels["database"]: s.value for s in families["conformance_verdict"].samples}
    assert sorted(codes.values()) == [0] * (number - 3) + [1, 2, 2]
    assert (codes["desk_0"], codes["desk_1"], codes["gone"]) == (1, 2, 2)


def test_two_that_conform_are_a_table_of_two(server_engine, template):
    with server_engine.database(template) as one, server_engine.database(template) as two:
        code, out, err = run(address(one), address(two))
        assert (code, err) == (0, "")
        assert out.startswith("  database")
        assert out.endswith("Audit: conforms\n")
        code, out, _ = run(address(one), address(two), "--json", "-")
        document = json.loads(out)
        assert code == 0
        assert document["verdict"] == "conforms"
        assert document["counts"] == {"conforms": 2, "differs": 0, "could_not_run": 0}
        assert [item["verdict"] for item in document["databases"]] == ["conforms"] * 2


def test_wrong_models_are_said_once(tmp_path):
    metrics = tmp_path / "conformance.prom"
    code, out, err = run(
        "postgresql://u@h/a", "postgresql://u@h/b", "--models", "nowhere:x", "--metrics", metrics
    )
    assert (code, out) == (2, "")
    assert err.count("no module 'nowhere'") == 1
    assert metrics.read_text().count("} 2\n") == 2


def test_one_database_has_its_own_reports(server_engine, template, tmp_path):
    with server_engine.database(template) as url:
        alter(url, INTERVAL)
        code, out, _ = run(
            address(url), "--reports", tmp_path / "r", "--metrics", tmp_path / "one.prom"
        )
    assert code == 1
    assert out.endswith("Verdict: differs\n")
    assert f"  reports      {tmp_path / 'r'}\n" in out
    assert json.loads((tmp_path / "r/audit.json").read_text())["verdict"] == "differs"
    assert "`hypertable:market_data:chunk_interval`" in (tmp_path / "r/audit.md").read_text()
    assert '<failure type="hypertable"' in (tmp_path / "r/audit.junit.xml").read_text()
    assert 'severity="error"} 1\n' in (tmp_path / "one.prom").read_text()


def test_a_library_that_the_server_lacks(server_engine, template):
    """The loader of TimescaleDB refuses every session of such a database."""
    with (
        server_engine.database(template) as url,
        server_engine.database(template) as sound,
        too_old(url, version(sound)),
    ):
        code, out, _ = run(address(url), address(sound))
    assert code == 2
    assert f"lacks the library of the TimescaleDB that database {url.database} has" in out
