"""The lock on what runs share: it ends with its run, and its loss concerns two runs only."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conformance.errors import EngineUnavailable
from conformance.process import cache
from conformance.process.cache import CACHE_VARIABLE, cache_folder, cache_lock, unless_locked

if TYPE_CHECKING:
    from collections.abc import Iterator

_HOLD = """
import sys, time
from pathlib import Path
from conformance.process.cache import cache_lock
with cache_lock(Path(sys.argv[1])):
    Path(sys.argv[1]).write_text("half")
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def holding(target: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock of the target; killed in the end."""
    command = [sys.executable, "-c", _HOLD, str(target)]
    with subprocess.Popen(
        command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "held\n"
        try:
            yield run
        finally:
            run.kill()


def test_a_killed_run_gives_its_lock_to_the_next(tmp_path):
    target = tmp_path / "cache" / "snapshot"
    with holding(target) as run:
        run.kill()
    started = time.monotonic()
    with cache_lock(target):
        assert target.read_text() == "half"
    assert time.monotonic() - started < 5
    assert list(target.parent.iterdir()) == [target]


def test_a_lost_lock_lets_no_third_run_in(tmp_path):
    """Somebody deletes the file of a held lock, so that a second run locks a new file."""
    target, entered = tmp_path / "snapshot", []
    with cache_lock(target):
        (tmp_path / "snapshot.lock").unlink()
        second = holding(target)
        run = second.__enter__()
    try:
        unless_locked(target, lambda: entered.append(1))
        assert entered == []
    finally:
        run.kill()
        second.__exit__(None, None, None)
    unless_locked(target, lambda: entered.append(1))
    assert (entered, list(tmp_path.iterdir())) == ([1], [target])


def test_what_to_do_about_a_run_that_hangs(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "_LOCK_SECONDS", 0.2)
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "one"))
    with holding(cache_folder() / "snapshot") as run:
        os.kill(run.pid, signal.SIGSTOP)
        with pytest.raises(EngineUnavailable) as caught, cache_lock(cache_folder() / "snapshot"):
            pass
        assert "Another process has been creating " in caught.value.problem
        assert f"End that process, or set {CACHE_VARIABLE} to another folder" in str(caught.value)
        with monkeypatch.context() as patch:
            patch.setenv(CACHE_VARIABLE, str(tmp_path / "other"))
            with cache_lock(cache_folder() / "snapshot"):
                pass
        run.kill()
        run.wait()
        with cache_lock(cache_folder() / "snapshot"):
            pass
