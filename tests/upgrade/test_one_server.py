"""Two versions that one server offers: what is altered on the way is reported, and nothing else."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import pytest
from sqlalchemy import text

from conformance.engines.connecting import connect, parse_url
from conformance.engines.server.url import UrlEngine
from conformance.upgrade.rehearsal import rehearse
from conformance.upgrade.report import AFRESH, IN_PLACE, RESTORED
from models import Base

from .conftest import has_the_version_of_what_it_starts_from

HARMLESS = {"renamed", "own-job", "healed", "new-gap"}

#: SQL on the database of each way, and what it is found by.
TAMPERING = {
    IN_PLACE: {
        "DELETE FROM curves WHERE id = (SELECT id FROM curves ORDER BY curve_date DESC LIMIT 1)": (
            "lost:rows:curves"
        ),
        "UPDATE market_data SET volume = coalesce(volume, 0) + 1 WHERE id ="
        ' (SELECT id FROM market_data ORDER BY "timestamp" DESC LIMIT 1)': (
            "altered:values:market_data:volume"
        ),
        "SELECT set_chunk_time_interval('flow_data', interval '7 days')": (
            "altered:hypertable:flow_data:chunk_interval"
        ),
        "SELECT decompress_chunk(c) FROM show_chunks('signals') AS c": "altered:chunks:signals",
    },
    RESTORED: {
        "SELECT remove_compression_policy('fiscal_data')": (
            "lost:policy:fiscal_data.compression:exists"
        ),
        "INSERT INTO data_sources (name) VALUES ('new')": "added:rows:data_sources",
    },
    AFRESH: {
        "CREATE INDEX extra ON instruments (name)": "not-fresh:index:instruments.extra:exists",
        "DELETE FROM macro_series": "not-fresh:rows:macro_series",
    },
}


def databases_of(url):
    with connect(parse_url(url)) as connection:
        return set(connection.scalars(text("SELECT datname FROM pg_database")))


@pytest.mark.slow
def test_nothing_of_the_data_changes(upgradable, versions, choices, tmp_path):
    seen, databases = {}, set()

    def look(way, url):
        databases.add(url.database)
        with connect(url) as connection:
            states = connection.execute(
                text(
                    "SELECT hypertable_name, is_compressed, range_end > now()"
                    " FROM timescaledb_information.chunks"
                )
            ).all()
            seen[way] = Counter(row[0] for row in states)
            assert {row[1:] for row in states} >= {(True, False), (False, False), (False, True)}

    size = {"rows": 10**8, "bytes": 10**10, "chunks": 10_000, "batches": 0}
    (tmp_path / "sizes.json").write_text(json.dumps({"curves": size}))
    chosen = choices(versions[0], versions[-1], engine=upgradable)
    project = replace(chosen.project, sizes=str(tmp_path / "sizes.json"))
    report = rehearse(replace(chosen, project=project), on_upgraded=look)
    assert [change for change in report.changes if change.kind not in HARMLESS] == []
    assert report.verdict == "conforms"
    assert (report.before.timescaledb, report.after.timescaledb) == (versions[0], versions[-1])
    assert report.unchanged.rows > 400
    # Old chunks and recent ones, on every way.
    assert set(seen) == {way.name for way in report.ways if way.not_checked is None}
    assert all(count == 8 for chunks in seen.values() for count in chunks.values())
    assert databases.isdisjoint(databases_of(upgradable))
    assert_what_the_update_locks_is_scaled(report)


def assert_what_the_update_locks_is_scaled(report):
    update = report.update
    assert (update.chunks, update.catalog > 0, update.wal_bytes > 0) == (56, True, True)
    assert 0 < update.seconds < 60
    assert all(item.name.startswith("_timescaledb_") for item in update.rebuilt)
    assert {lock.relation for lock in update.locks} <= set(Base.metadata.tables)
    assert [item.what for item in report.estimates if item.relation == IN_PLACE] == [
        "seconds of ACCESS EXCLUSIVE", "lock-table entries", "bytes of WAL",
    ]  # fmt: skip
    assert report.sizes == "of 1 table, from the given file"
    assert json.dumps(report.as_data())


@pytest.mark.slow
def test_what_is_altered_is_found(upgradable, versions, choices):
    if len(versions) < 3:
        pytest.skip("needs a third version")

    def tamper(way, url):
        with connect(url, autocommit=True) as connection:
            for statement in TAMPERING[way]:
                connection.execute(text(statement))

    report = rehearse(choices(versions[1], versions[-1], engine=upgradable), on_upgraded=tamper)
    wanted = {
        finding
        for way in report.ways
        if way.not_checked is None
        for finding in TAMPERING[way.name].values()
    }
    assert {change.id for change in report.changes if change.harmful} == wanted
    assert report.verdict == "differs"


@pytest.mark.slow
def test_without_pg_dump_one_way_is_not_checked(
    upgradable, versions, choices, monkeypatch, tmp_path
):
    monkeypatch.setenv("PATH", str(tmp_path))
    report = rehearse(choices(versions[0], versions[1], engine=upgradable))
    ways = {way.name: way.not_checked for way in report.ways}
    assert ways == {
        IN_PLACE: None,
        RESTORED: "pg_dump is not installed on this machine",
        AFRESH: None,
    }
    assert [item.id for item in report.not_checked] == ["way:restored"]
    assert report.verdict == "conforms"


@pytest.fixture
def plain_role(upgradable):
    """The server's URL for a role that may create databases, and nothing more."""
    with connect(parse_url(upgradable), autocommit=True) as connection:
        connection.execute(text("CREATE ROLE conformance_plain LOGIN CREATEDB PASSWORD 'plain'"))
        yield (
            parse_url(upgradable)
            .set(username="conformance_plain", password="plain")
            .render_as_string(hide_password=False)
        )
        connection.execute(text("DROP ROLE conformance_plain"))


@pytest.mark.slow
def test_without_a_superuser_one_way_is_not_checked(plain_role, versions, choices):
    report = rehearse(choices(versions[0], versions[1], engine=plain_role))
    (way,) = (way for way in report.ways if way.not_checked is not None)
    assert way.name == RESTORED
    assert "may not call timescaledb_pre_restore()" in way.not_checked
    assert report.verdict == "conforms"


@pytest.mark.slow
def test_a_way_that_fails(upgradable, versions, choices):
    """A step of one's own that the server refuses is told, and the other ways are gone."""

    def refuse(way, url):
        if way == RESTORED:
            with connect(url, autocommit=True) as connection:
                connection.execute(text("SELECT no_such_function()"))

    report = rehearse(choices(versions[0], versions[1], engine=upgradable), on_upgraded=refuse)
    (failed,) = (change for change in report.changes if change.harmful)
    assert failed.id == "failed:way:restored"
    assert "no_such_function() does not exist" in failed.message
    assert report.verdict == "differs"


def test_a_database_that_is_older_than_new_ones_of_its_server(upgradable, versions):
    """The suite on an upgraded database must know the gaps of its version, not of the default."""
    engine = UrlEngine(upgradable)
    engine.start()
    try:
        default = engine.server.timescaledb
        other = next(version for version in versions if version != default)
        has_the_version_of_what_it_starts_from(engine, other)
    finally:
        engine.stop()
