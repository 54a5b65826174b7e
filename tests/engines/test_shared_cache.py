"""Two runs share a cache, and one is killed: the other is right, the next too; nothing is left."""

from __future__ import annotations

import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Timer
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from conformance.engines.base import Template
from conformance.engines.connecting import connect
from conformance.engines.embedded import engine, npm_packages
from conformance.engines.embedded.engine import EmbeddedEngine
from conformance.process.cache import CACHE_VARIABLE, cache_folder, cache_lock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL

PROJECT = Path(__file__).parents[2]

#: A run that stops at a moment, says so, and waits to be killed.
RUN = """
import sys, time
from pathlib import Path
from conformance.engines.base import Template
from conformance.engines.connecting import connect
from conformance.engines.embedded import npm_packages
from conformance.engines.embedded.engine import EmbeddedEngine
from conformance.engines.embedded.node_server import NodeServer
from conformance.process.cache import cache_folder

def stop(*_):
    print("stopped", flush=True)
    time.sleep(60)

def write_half(server, path):
    path.with_name(f"{path.name}.{server.pid}.part").write_bytes(b"half")
    stop()

def install_half(node, folder):
    (folder / "node_modules").mkdir()
    stop()

def fill(url):
    with connect(url, autocommit=True) as connection:
        connection.exec_driver_sql("CREATE TABLE widgets AS SELECT generate_series(1, 2) AS n")
    if sys.argv[1] == "rows":
        stop()

if sys.argv[1] == "snapshot":
    NodeServer.snapshot = write_half
if sys.argv[1] == "packages":
    npm_packages._npm_ci = install_half
    npm_packages.installed_packages(cache_folder())
with EmbeddedEngine().database(Template("widgets", "1", fill)):
    pass
"""


def stopped(moment: str) -> subprocess.Popen[str]:
    run = subprocess.Popen(
        [sys.executable, "-c", RUN, moment], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )
    assert run.stdout is not None
    assert run.stdout.readline() == "stopped\n"
    return run


@pytest.mark.parametrize("moment", ["rows", "snapshot"])
def test_while_it_prepares_a_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    usual = EmbeddedEngine()
    usual.start()
    (tmp_path / "packages").symlink_to(cache_folder() / "packages")
    (tmp_path / "snapshots").mkdir()
    for path in (cache_folder() / "snapshots").glob(f"{usual._empty.stem}.*"):
        shutil.copy(path, tmp_path / "snapshots")
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    killed = Event()
    prepared = []

    def kill() -> None:
        killed.set()
        run.kill()

    @contextmanager
    def waiting(target: Path) -> Iterator[None]:
        if not killed.is_set():
            Timer(0.5, kill).start()
        with cache_lock(target):
            yield

    def prepare(url: URL) -> None:
        prepared.append(killed.is_set())
        with connect(url, autocommit=True) as connection:
            connection.execute(text("CREATE TABLE widgets AS SELECT generate_series(1, 3) AS n"))

    monkeypatch.setattr(engine, "cache_lock", waiting)
    with stopped(moment) as run:
        for _ in range(2):
            with (
                EmbeddedEngine().database(Template("widgets", "1", prepare)) as url,
                connect(url) as connection,
            ):
                assert connection.scalar(text("SELECT count(*) FROM widgets")) == 3
        run.kill()
    assert prepared == [True]
    left = sorted(path.suffix for path in (tmp_path / "snapshots").iterdir())
    assert left == [".json", ".snapshot", ".snapshot"]


def test_while_it_installs_the_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is installed here is a folder with one file; npm itself takes a minute."""

    def install(_: Path, folder: Path) -> None:
        (folder / "whole").touch()

    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    monkeypatch.setattr(npm_packages, "_npm_ci", install)
    with stopped("packages") as run:
        Timer(0.5, run.kill).start()
        packages = npm_packages.installed_packages(tmp_path)
    assert (packages / "whole").exists()
    assert list((tmp_path / "packages").iterdir()) == [packages]
