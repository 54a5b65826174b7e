"""Whole processes: a verdict, beside the work that every verdict on a migration needs."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

PROJECT = Path(__file__).parents[1]
#: One small revision of the examples.
EXAMPLE = "examples.migrations.add_nullable_column.models_after:metadata"
EXAMPLE_INI = "examples/migrations/add_nullable_column/alembic.ini"

UNAVOIDABLE, STRUCTURAL = "upgrade alone", "structural verdict"
WHOLE, GATE = "whole check", "gate of one revision"


def measure(engine: str, runs: int) -> dict[str, float]:
    """The median of alternating runs, in seconds, after one that fills the caches."""
    with tempfile.TemporaryDirectory() as folder:
        common = [f"--engine={engine}", f"--reports={folder}"]
        alone = ["-m", "benchmarks.upgrade_alone", engine]
        check = ["-m", "conformance", "check", *common]
        gate = [
            "-m", "conformance", "gate", *common, "--from-revision=0001",
            f"--models={EXAMPLE}", f"--alembic-ini={EXAMPLE_INI}",
        ]  # fmt: skip
        for command in (alone, check, gate):
            _run(command)
        seconds: dict[str, list[float]] = {
            name: [] for name in (UNAVOIDABLE, STRUCTURAL, WHOLE, GATE)
        }
        for _ in range(runs):
            seconds[UNAVOIDABLE].append(_run(alone)[0])
            whole, structural = _run(check)
            seconds[WHOLE].append(whole)
            seconds[STRUCTURAL].append(structural or whole)
            seconds[GATE].append(_run(gate)[0])
    return {name: median(values) for name, values in seconds.items()}


def _run(command: list[str]) -> tuple[float, float | None]:
    """Seconds of the process, and seconds until it prints the verdict on the structure."""
    started = time.perf_counter()
    structural = None
    with subprocess.Popen(
        [sys.executable, *command],
        cwd=PROJECT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        said = []
        for line in process.stderr or ():
            said.append(line)
            if line.startswith("Structure:"):
                structural = time.perf_counter() - started
    seconds = time.perf_counter() - started
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} fails:\n{''.join(said)}")
    return seconds, structural
