"""Two images: by dump and restore, by copied rows, and on the same volume."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from sqlalchemy import text

from conformance.engines.connecting import connect
from conformance.engines.container import daemon
from conformance.upgrade.rehearsal import rehearse
from conformance.upgrade.report import AFRESH, IN_PLACE, RESTORED

from .conftest import PROJECT, has_the_version_of_what_it_starts_from

pytestmark = pytest.mark.slow


def ours(client, pid):
    """Names of containers and volumes that the process has made and not removed."""
    found = [(item.name, item.labels) for item in daemon.containers_of_ours(client)]
    found += [
        (item.name, item.attrs["Labels"])
        for item in client.volumes.list(filters={"label": daemon.LABEL})
    ]
    return [name for name, labels in found if f"/{pid}/" in labels[daemon.LABEL]]


@pytest.fixture
def left(client):
    """`left()`: those that this process has made since; other tests may hold a server of theirs."""
    before = ours(client, os.getpid())
    return lambda: [name for name in ours(client, os.getpid()) if name not in before]


def test_another_major_version(local_image, choices, left):
    """Rows are copied where the new image has no TimescaleDB of the old version."""
    report = rehearse(choices(local_image("pg17"), local_image("pg18")))
    ways = {way.name: way for way in report.ways}
    assert "cannot read the files of PostgreSQL 17" in ways[IN_PLACE].not_checked
    assert "rows copied" in ways[RESTORED].method
    assert ways[AFRESH].not_checked is None
    assert {change.kind for change in report.changes} <= {"own-job", "healed", "new-gap"}
    assert report.verdict == "conforms"
    assert left() == []


def test_the_same_major_version(local_image, next_image, choices, left):
    """The volume moves to the new image; a dump can be restored where it has both versions."""

    def tamper(way, url):
        if way == IN_PLACE:
            with connect(url, autocommit=True) as connection:
                connection.execute(text("DELETE FROM curves WHERE id = 1"))

    report = rehearse(choices(local_image("pg17"), next_image), on_upgraded=tamper)
    ways = {way.name: way for way in report.ways}
    assert "the new image on the same volume" in ways[IN_PLACE].method
    assert "pg_restore" in ways[RESTORED].method
    assert [change.id for change in report.changes if change.harmful] == ["lost:rows:curves"]
    assert left() == []


def test_both_versions_of_one_image(next_image, choices):
    """`--engine container`: PostgreSQL's client is the one in the container."""
    from conformance.engines.container.engine import ContainerEngine

    engine = ContainerEngine(next_image)
    try:
        engine.start()
        newest = engine.server.timescaledb
        minor, _, patch = newest.rpartition(".")
        before = f"{minor}.{int(patch) - 1}"
        has_the_version_of_what_it_starts_from(engine, before)
    finally:
        engine.stop()
    report = rehearse(choices(before, newest, engine="container", image=next_image))
    assert [change for change in report.changes if change.harmful] == []
    assert all(way.not_checked is None for way in report.ways)


def test_refusals(local_image, built, upgrade):
    none = built(
        "none",
        f"FROM {local_image('pg17')}\n"
        r"RUN sed -i '/CREATE EXTENSION/d; /^shared_preload/d' /usr/local/bin/docker-entrypoint.sh"
        ' && rm "$(pg_config --sharedir)/extension/timescaledb.control"',
    )
    for before, after, words in (
        (local_image("pg18"), local_image("pg17"), "From PostgreSQL 18 to 17 is a downgrade"),
        (local_image("pg17"), local_image("pg17"), "there is nothing to upgrade"),
        (local_image("pg17"), none, "TimescaleDB is not installed"),
        ("no-such-image:1", local_image("pg17"), "is not on this machine and cannot be pulled"),
    ):
        done = upgrade("--from", before, "--to", after)
        (sentence,) = (line for line in done.stderr.splitlines() if line.startswith("conform"))
        assert words in sentence
        assert done.returncode == 2
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
def test_an_interrupt_leaves_nothing(local_image, client, number, tmp_path):
    command = [sys.executable, "-m", "conformance", "upgrade", "--reports", str(tmp_path)]
    command += ["--from", local_image("pg17"), "--to", local_image("pg18")]
    with subprocess.Popen(
        command, cwd=PROJECT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    ) as process:  # fmt: skip
        for line in process.stderr:
            if "Migrating" in line:
                break
        assert len(ours(client, process.pid)) == 3
        process.send_signal(number)
        _, said = process.communicate(timeout=120)
    assert process.returncode == 2
    assert said.splitlines()[-1] == "conformance: Interrupted."
    assert "Traceback" not in said
    assert ours(client, process.pid) == []


def test_a_killed_run_is_cleaned_up_by_the_next(local_image, client, tmp_path):
    command = [sys.executable, "-m", "conformance", "upgrade", "--reports", str(tmp_path)]
    command += ["--from", local_image("pg17"), "--to", local_image("pg18")]
    with subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr:
            if "Migrating" in line:
                break
        process.kill()
    assert ours(client, process.pid)
    daemon.remove_orphans(client)
    assert ours(client, process.pid) == []
