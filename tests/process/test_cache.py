"""A run that is killed leaves no lock on what it shares with others."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from conformance.process.cache import cache_lock

_HOLD = """
import sys, time
from pathlib import Path
from conformance.process.cache import cache_lock
with cache_lock(Path(sys.argv[1])):
    Path(sys.argv[1]).write_text("half")
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_killed_run_gives_its_lock_to_the_next(tmp_path):
    target = tmp_path / "cache" / "snapshot"
    command = [sys.executable, "-c", _HOLD, str(target)]
    with subprocess.Popen(
        command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout.readline() == "held\n"
        run.kill()
    started = time.monotonic()
    with cache_lock(target):
        assert target.read_text() == "half"
    assert time.monotonic() - started < 5
    assert list(target.parent.iterdir()) == [target]
