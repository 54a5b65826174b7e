"""The engine in a container, with a real daemon and a real image."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import MetaData, text
from sqlalchemy.exc import OperationalError

from conformance.comparing.findings import CATALOG
from conformance.engines.base import Template
from conformance.engines.connecting import connect
from conformance.engines.container import engine as container
from conformance.engines.container.engine import ContainerEngine
from conformance.engines.container.image import DEFAULT_IMAGE
from conformance.pipeline import both_sides

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL

_COMPOSE = Path(__file__).parents[2] / "docker-compose.yml"


@pytest.fixture(scope="module")
def engine(image: str) -> Iterator[ContainerEngine]:
    """A started engine."""
    engine = ContainerEngine(image)
    engine.start()
    yield engine
    engine.stop()


def scalar(url: URL, statement: str) -> object:
    """What the statement yields in the database."""
    with connect(url, autocommit=True) as connection:
        return connection.scalar(text(statement))


def make_prices(url: URL) -> None:
    """A table with one row, on disk when this returns: a crash could undo it otherwise."""
    with connect(url, autocommit=True) as connection:
        connection.execute(text("SET synchronous_commit = on"))
        connection.execute(text("CREATE TABLE prices AS SELECT 7 AS price"))


class TestServer:
    def test_is_described(self, engine: ContainerEngine, image: str) -> None:
        assert engine.description == f"container of {image}"
        assert engine.server.timescaledb
        assert engine.capabilities.concurrent_sessions
        assert engine.capabilities.restartable

    def test_has_no_catalog_that_the_census_does_not_know(self, engine: ContainerEngine) -> None:
        with engine.database() as url, connect(url) as connection:
            connection.execute(text("CREATE EXTENSION timescaledb"))
            _, found = both_sides(connection, MetaData())
        assert [key.object for key in found if key.kind == CATALOG] == []

    def test_gives_empty_databases_and_copies(self, engine: ContainerEngine) -> None:
        template = Template("prices", "key", make_prices)

        with engine.database() as empty:
            assert scalar(empty, "SELECT count(*) FROM pg_extension") == 1
        with engine.database(template) as url:
            assert scalar(url, "SELECT price FROM prices") == 7

    def test_keeps_data_over_a_crash(self, engine: ContainerEngine) -> None:
        with engine.database() as url:
            make_prices(url)
            with connect(url) as connection:
                engine.crash(connection.scalar(text("SELECT pg_backend_pid()")))
                with pytest.raises(OperationalError):
                    connection.execute(text("SELECT 1"))
            assert scalar(url, "SELECT price FROM prices") == 7
            started = scalar(url, "SELECT pg_postmaster_start_time()")
            engine.crash()
            assert scalar(url, "SELECT pg_postmaster_start_time()") != started
            assert scalar(url, "SELECT price FROM prices") == 7

    def test_keeps_data_and_url_over_a_restart(self, engine: ContainerEngine) -> None:
        started = "SELECT pg_postmaster_start_time()"
        with engine.database() as url:
            make_prices(url)
            before = scalar(url, started)
            engine.restart()
            assert scalar(url, started) != before
            assert scalar(url, "SELECT price FROM prices") == 7
            engine.restart()
            assert scalar(url, "SELECT price FROM prices") == 7


class TestDataMount:
    """As the official images for PostgreSQL 17 and 18 declare it."""

    @pytest.mark.parametrize(
        ("data", "volume"),
        [
            ("/var/lib/postgresql/data", "/var/lib/postgresql/data"),
            ("/var/lib/postgresql/18/docker", "/var/lib/postgresql"),
        ],
    )
    def test_is_the_volume_around_the_data(self, data: str, volume: str) -> None:
        config = {"Env": ["LANG=C", f"PGDATA={data}"], "Volumes": {volume: {}, "/other": {}}}
        assert container.data_mount(config) == volume

    def test_is_the_data_directory_without_a_volume(self) -> None:
        assert container.data_mount({"Env": ["PGDATA=/data"]}) == "/data"


class TestImage:
    @pytest.mark.parametrize(
        "config",
        [{"Env": ["PGDATA=/data"]}, {"Env": None, "ExposedPorts": {"5432/tcp": {}}}],
        ids=["PGDATA", "port"],
    )
    def test_of_postgresql_is_known_by(self, config: dict[str, object]) -> None:
        assert container.is_postgresql(config)

    def test_of_something_else_is_known(self) -> None:
        assert not container.is_postgresql({"Env": ["A=1"], "ExposedPorts": {"80/tcp": {}}})


class TestLog:
    @pytest.mark.parametrize(
        ("log", "line"),
        [
            ("", "nothing"),
            ("one\ntwo\n\n", "two"),
            ("FATAL:  no room\nremoving data directory\n", "FATAL:  no room"),
            ("initdb: error: x\nERROR: y\nend", "ERROR: y"),
            ("LOG: No space left on device\nPANIC: z", "LOG: No space left on device"),
        ],
    )
    def test_is_told_by_its_last_error(self, log: str, line: str) -> None:
        assert container.error_line(log) == line


def test_developers_server_runs_the_default_image() -> None:
    images = re.findall(r"^\s*image: (\S+)$", _COMPOSE.read_text(), re.MULTILINE)
    assert images == [DEFAULT_IMAGE]
