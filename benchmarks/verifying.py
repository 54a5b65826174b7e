"""Generated rows verified per second, end to end: a run of the suite's chapter on rows."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path


def measure(engine: str, *how_many: str) -> dict[str, float]:
    """Rows and seconds of `conformance check -k test_rows`, the start included.

    Args:
        how_many: options that say how many examples; without any, the thorough profile.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable, "-m", "conformance", "check", f"--engine={engine}",
            f"--reports={folder}", "-k", "test_rows",
            *(how_many or ("--profile", "thorough")),
        ]  # fmt: skip
        done = subprocess.run(
            command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)} fails:\n{done.stdout}\n{done.stderr}")
        verdict = json.loads((Path(folder) / "verdict.json").read_text(encoding="utf-8"))
    return {"rows": verdict["counts"]["rows"], "seconds": verdict["seconds"]}
