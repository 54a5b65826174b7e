"""Whole processes: a verdict, beside the least that any verdict on a migration must do."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

#: `conformance check` runs everything: long enough for one run to tell.
MOST_WHOLE_RUNS = 1

UNAVOIDABLE, STRUCTURAL, WHOLE = "upgrade alone", "structural verdict", "whole check"


def measure(engine: str, runs: int) -> dict[str, float]:
    """The median of alternating runs, in seconds, after one that fills the caches."""
    with tempfile.TemporaryDirectory() as folder:
        check = [
            "-m", "conformance", "check", f"--engine={engine}", f"--reports={folder}",
        ]  # fmt: skip
        commands = {
            UNAVOIDABLE: ["-m", "benchmarks.upgrade_alone", engine],
            STRUCTURAL: [*check, "-k", "test_facts"],
            WHOLE: check,
        }
        seconds: dict[str, list[float]] = {name: [] for name in commands}
        for name in (UNAVOIDABLE, STRUCTURAL):
            _run(commands[name])
        for turn in range(runs):
            for name, command in commands.items():
                if name != WHOLE or turn < MOST_WHOLE_RUNS:
                    seconds[name].append(_run(command))
    return {name: median(values) for name, values in seconds.items()}


def _run(command: list[str]) -> float:
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *command],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - started
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} fails:\n{done.stdout}\n{done.stderr}")
    return seconds
