"""The engine in a container, with a real daemon and a real image.

The image is the one that TEST_IMAGE names, or any local one called `timescaledb-test`.
"""

from __future__ import annotations

import os
import re
import signal
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from conformance.engines import container, daemon
from conformance.engines.base import Template
from conformance.engines.connecting import connect
from conformance.engines.container import ContainerEngine
from conformance.engines.image import DEFAULT_IMAGE
from conformance.engines.process_identity import certainly_gone, this_process
from conformance.errors import EngineUnavailable, ServerUnsupported

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from sqlalchemy import URL

    Holder = Callable[..., AbstractContextManager[subprocess.Popen[str]]]

_COMPOSE = Path(__file__).parents[2] / "docker-compose.yml"


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """The daemon's client, if a daemon answers."""
    with ExitStack() as stack:
        try:
            client = stack.enter_context(daemon.daemon(20))
        except EngineUnavailable as error:
            pytest.skip(error.problem)
        yield client


@pytest.fixture(scope="module")
def image(client: Any) -> str:
    """An image of TimescaleDB that is at hand."""
    if given := os.environ.get("TEST_IMAGE"):
        return given
    for local in client.images.list("timescaledb-test"):
        return str(local.tags[0])
    pytest.skip("neither TEST_IMAGE nor a local image timescaledb-test")


@pytest.fixture(scope="module")
def engine(image: str) -> Iterator[ContainerEngine]:
    """A started engine."""
    engine = ContainerEngine(image)
    engine.start()
    yield engine
    engine.stop()


def ours(client: Any) -> set[str]:
    """All containers that carry our label."""
    return {container.id for container in daemon.containers_of_ours(client)}


def scalar(url: URL, statement: str) -> object:
    """What the statement yields in the database."""
    with connect(url, autocommit=True) as connection:
        return connection.scalar(text(statement))


def make_prices(url: URL) -> None:
    """A table with one row."""
    with connect(url, autocommit=True) as connection:
        connection.execute(text("CREATE TABLE prices AS SELECT 7 AS price"))


class TestServer:
    def test_is_described(self, engine: ContainerEngine, image: str) -> None:
        assert engine.description == f"container of {image}"
        assert engine.server.timescaledb
        assert engine.capabilities.concurrent_sessions
        assert engine.capabilities.restartable

    def test_gives_empty_databases_and_copies(self, engine: ContainerEngine) -> None:
        template = Template("prices", "key", make_prices)

        with engine.database() as empty:
            assert scalar(empty, "SELECT count(*) FROM pg_extension") == 1
        with engine.database(template) as url:
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

    def test_makes_no_volume(self, engine: ContainerEngine, client: Any) -> None:
        for container_id in ours(client):
            mounts = client.containers.get(container_id).attrs["Mounts"]
            assert not [mount for mount in mounts if mount["Type"] == "volume"]
        assert engine.server


class TestEnds:
    def test_stop_removes_the_container(self, image: str, client: Any) -> None:
        before = ours(client)
        engine = ContainerEngine(image)
        engine.start()
        assert len(ours(client) - before) == 1
        engine.stop()
        engine.stop()
        assert ours(client) == before

    def test_signal_removes_the_container(self, image: str, client: Any, holder: Holder) -> None:
        before = ours(client)
        with holder("container", image) as process:
            assert len(ours(client) - before) == 1
            process.send_signal(signal.SIGTERM)
            process.wait(20)
        assert ours(client) == before

    def test_next_start_removes_what_a_killed_run_left(
        self, image: str, client: Any, holder: Holder
    ) -> None:
        before = ours(client)
        with holder("container", image) as process:
            process.kill()
            process.wait(20)
        assert len(ours(client) - before) == 1
        daemon.remove_orphans(client)
        assert ours(client) == before

    def test_next_start_spares_the_living(self, image: str, client: Any, holder: Holder) -> None:
        with holder("container", image):
            living = ours(client)
            daemon.remove_orphans(client)
            assert ours(client) == living


class TestRefusals:
    def test_server_that_cannot_start(
        self, image: str, client: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = ours(client)
        monkeypatch.setitem(container.SETTINGS, "nonsense", "1")
        with pytest.raises(EngineUnavailable) as caught:
            ContainerEngine(image).start()
        assert "ended while starting; the last line of its log: " in caught.value.problem
        assert "nonsense" in caught.value.problem
        assert ours(client) == before

    def test_server_that_never_gets_ready(
        self, image: str, client: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = ours(client)
        monkeypatch.setattr(container, "READY_TIMEOUT", 3)
        monkeypatch.setitem(container.SETTINGS, "port", "5433")
        with pytest.raises(EngineUnavailable, match="is not ready after 3 s"):
            ContainerEngine(image).start()
        assert ours(client) == before

    def test_server_that_does_not_load_timescaledb(
        self, image: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(container.SETTINGS, "shared_preload_libraries", "")
        with pytest.raises(ServerUnsupported, match="does not load it"):
            ContainerEngine(image).start()

    def test_image_that_does_not_exist(self, client: Any) -> None:
        assert client
        with pytest.raises(EngineUnavailable, match="is not at hand and cannot be pulled"):
            ContainerEngine("localhost:1/nowhere/timescaledb:1").start()


class TestProcessIdentity:
    def test_of_this_process_lives(self) -> None:
        assert not certainly_gone(this_process())

    def test_of_a_reused_number_is_gone(self) -> None:
        assert certainly_gone(re.sub(r"\d+$", "1", this_process()))

    @pytest.mark.parametrize("identity", ["", "other-boot/1/1", "x/y/z", "/"])
    def test_of_elsewhere_is_not_judged(self, identity: str) -> None:
        assert not certainly_gone(identity)


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


def test_developers_server_runs_the_default_image() -> None:
    images = re.findall(r"^\s*image: (\S+)$", _COMPOSE.read_text(), re.MULTILINE)
    assert images == [DEFAULT_IMAGE]
