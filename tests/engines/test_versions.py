"""Unsupported versions are refused by name; a version newer than every tested one is used."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import MetaData, text

from conformance.audit import audit
from conformance.comparing import capabilities
from conformance.comparing.verdict import EngineUsed
from conformance.engines import identification
from conformance.engines.connecting import connect
from conformance.engines.container.engine import ContainerEngine
from conformance.engines.server import suitability
from conformance.engines.server.url import UrlEngine
from conformance.errors import ServerUnsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import URL

#: Where the server reads the default version from.
_CONTROL = "$(find / -xdev -name timescaledb.control 2> /dev/null)"


@pytest.fixture(scope="module")
def engine(image: str) -> Iterator[ContainerEngine]:
    """A server of this module alone."""
    engine = ContainerEngine(image)
    engine.start()
    yield engine
    engine.stop()


@pytest.fixture
def offered(engine: ContainerEngine) -> Iterator[Callable[[str], None]]:
    """`offered("2.16.1")`: the version that the server says it has."""

    def run(script: str) -> None:
        files = f"for file in {_CONTROL}; do {script}; done"
        code, said = engine._wrapped().exec_run(["sh", "-c", files], user="root")
        assert code == 0, said

    run('cp "$file" /tmp/control')
    yield lambda version: run(
        f"sed -i \"s/^default_version.*/default_version = '{version}'/\" $file"
    )
    run('cp /tmp/control "$file"')


@contextmanager
def database(engine: ContainerEngine) -> Iterator[str]:
    """A database with the extension, as a text for people."""
    with engine.database() as url:
        with connect(url, autocommit=True) as connection:
            connection.execute(text("CREATE EXTENSION timescaledb"))
        yield url.render_as_string(hide_password=False)


def refusal(url: str | URL) -> ServerUnsupported:
    with pytest.raises(ServerUnsupported) as caught:
        UrlEngine(url).start()
    return caught.value


@pytest.mark.parametrize("version", ["2.16.1", "2.9.3", "1.7.5"])
def test_timescaledb_that_is_too_old(
    engine: ContainerEngine, offered: Callable[[str], None], version: str
) -> None:
    offered(version)
    error = refusal(engine.server_url)
    assert f" has TimescaleDB {version}; 2.17 is the oldest supported version." in error.problem
    assert error.hint == "Upgrade TimescaleDB, or use the URL of another server."


def test_postgresql_that_is_too_old(
    engine: ContainerEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suitability, "POSTGRESQL_MAJORS", range(99, 100))
    assert refusal(engine.server_url).problem.endswith("; 99 is the oldest supported version.")


def test_audited_timescaledb_that_is_too_old(
    engine: ContainerEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identification, "OLDEST_TIMESCALEDB", (9, 1))
    with database(engine) as url, pytest.raises(ServerUnsupported) as caught:
        audit(url, MetaData())
    assert caught.value.problem.endswith("; 9.1 is the oldest supported version.")


def test_audited_postgresql_that_is_too_old(
    engine: ContainerEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identification, "POSTGRESQL_MAJORS", range(99, 100))
    with database(engine) as url, pytest.raises(ServerUnsupported) as caught:
        audit(url, MetaData())
    assert caught.value.problem.endswith("; 99 is the oldest supported version.")


def test_newer_than_any_seen_is_used_with_a_note(
    engine: ContainerEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capabilities, "NEWEST_TIMESCALEDB_SEEN", (2, 16))
    version = engine.server.timescaledb
    note = f"TimescaleDB {version} is newer than 2.16, the newest one seen."
    other = UrlEngine(engine.server_url)
    other.start()
    assert EngineUsed.of(other.name, other.description, other.server).note == note
    other.stop()
    with database(engine) as url:
        assert audit(url, MetaData()).engine.note == note


@pytest.mark.parametrize(
    ("version", "numbers"),
    [("2.31.0", (2, 31, 0)), ("2.23.0-dev", (2, 23, 0)), ("2.18.0-rc1", (2, 18, 0)), ("3", (3,))],
)
def test_versions_are_read_by_their_numbers(version: str, numbers: tuple[int, ...]) -> None:
    assert capabilities.version_tuple(version) == numbers
