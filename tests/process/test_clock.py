"""The clock jumps: durations, limits and what belongs to others do not depend on it."""

from __future__ import annotations

import ast
import itertools
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import MetaData

from conformance.audit import audit
from conformance.engines.base import Template
from conformance.engines.connecting import connect
from conformance.engines.embedded.snapshots import SnapshotCache
from conformance.process.cache import CACHE_VARIABLE, cache_lock
from conformance.process.kept import kept

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import URL

    from conformance.engines.base import Engine

CONFORMANCE = Path(__file__).parents[2] / "conformance"
YEAR = 365 * 24 * 3600.0

#: The modules that ask for the time of day, and why a jump does no harm.
TIME_OF_DAY = {
    "adoption/stage.py": "the day on which an acceptance ends",
    "asserting.py": "the day on which an acceptance ends",
    "commands/audit.py": "when the metrics were taken",
    "engines/container/daemon.py": "the age of containers that do not run and of unused volumes",
    "engines/embedded/snapshots.py": "the age of unfinished files that no lock protects",
    "engines/local/folders.py": "the age of a folder whose run is not of this boot",
    "engines/local/kept.py": "the age of unfinished files",
    "mending/writing.py": "the date of a new revision",
    "process/cache.py": "the order of use; a time in the future is no use",
    "upgrade/rehearsal.py": "the moment around which rows are generated",
}


def asks_for_the_time_of_day(path: Path) -> bool:
    calls = (
        node.func
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
    )
    return any(
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and (function.value.id, function.attr)
        in {("time", "time"), ("datetime", "now"), ("datetime", "utcnow"), ("date", "today")}
        for function in calls
    )


def test_who_asks_for_the_time_of_day() -> None:
    """Durations and limits take `time.monotonic`."""
    found = {
        path.relative_to(CONFORMANCE).as_posix()
        for path in CONFORMANCE.rglob("*.py")
        if asks_for_the_time_of_day(path)
    }
    assert found == set(TIME_OF_DAY)


@pytest.fixture
def old_files(tmp_path: Path) -> Callable[[str, float], None]:
    """Makes files in the cache, used at a moment."""

    def make(pattern: str, moment: float) -> None:
        for number in range(25):
            path = tmp_path / pattern.format(number)
            path.parent.mkdir(exist_ok=True)
            path.touch()
            os.utime(path, (moment, moment))

    return make


@pytest.mark.parametrize("moment", [YEAR, time.time() + YEAR], ids=["before", "ahead"])
def test_what_is_made_now_is_kept(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    old_files: Callable[[str, float], None],
    moment: float,
) -> None:
    """After the clock was set back, what is kept looks newer than all that is made."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    old_files("odd/{}.json", moment)
    old_files("snapshots/{}.snapshot", moment)
    assert kept("odd", "one", lambda: [1]) == [1]
    assert kept("odd", "one", lambda: [2]) == [1]
    snapshots = SnapshotCache(tmp_path / "snapshots")
    new = snapshots.path("new", "")
    new.touch()
    snapshots.prune()
    assert new.exists()
    assert len(list((tmp_path / "snapshots").iterdir())) == 10


def test_the_files_of_a_living_run_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a jump ahead they look abandoned, but their lock is held."""
    snapshots = SnapshotCache(tmp_path)
    held, left = snapshots.path("held", ""), snapshots.path("left", "")
    parts = [path.with_name(f"{path.name}.1.part") for path in (held, left)]
    with cache_lock(held):
        for part in parts:
            part.touch()
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + YEAR)
        snapshots.prune()
        assert sorted(tmp_path.iterdir()) == [parts[0], held.with_name(f"{held.name}.lock")]


def test_an_audit_whose_clock_jumps(
    conformance_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def prepare(url: URL) -> None:
        with connect(url, autocommit=True) as connection:
            connection.exec_driver_sql("CREATE EXTENSION timescaledb")

    with conformance_engine.database(Template("extension only", "extension only", prepare)) as url:
        address = url.render_as_string(hide_password=False)
        before = audit(address, MetaData())
        now, jumps = time.time(), itertools.cycle([YEAR, -YEAR, 3600.0, -3600.0])
        monkeypatch.setattr(time, "time", lambda: now + next(jumps))
        after = audit(address, MetaData())
    assert (after.verdict, after.findings) == (before.verdict, before.findings)
    assert 0 < after.seconds < 60
