"""`conformance audit` as a process, beside a process that only connects as any tool must."""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.verdicts import PROJECT
from conformance.project.migrations import Migrations
from conformance.project.scripts import alembic_config

if TYPE_CHECKING:
    from conformance.engines.base import Engine

AUDIT, CONNECTING = "audit of the ten tables", "import the models and connect"

_CONNECT = """
import sys
from sqlalchemy import create_engine
import models
with create_engine(sys.argv[1]).connect() as connection:
    connection.exec_driver_sql("SELECT extversion FROM pg_extension")
"""


def measure(engine: Engine, runs: int) -> dict[str, float]:
    """The median of alternating runs, in seconds, after one that fills the caches."""
    template = Migrations(alembic_config("alembic.ini"), engine.server.edition).template()
    with engine.database(template) as url:
        address = url.render_as_string(hide_password=False)
        commands = {
            CONNECTING: ["-c", _CONNECT, address],
            AUDIT: ["-m", "conformance", "audit", address],
        }
        seconds: dict[str, list[float]] = {name: [] for name in commands}
        for turn in range(runs + 1):
            for name, command in commands.items():
                taken = _run(command)
                if turn:
                    seconds[name].append(taken)
    return {name: median(values) for name, values in seconds.items()}


def _run(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, *command], cwd=PROJECT, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started
