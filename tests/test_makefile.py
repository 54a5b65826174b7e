"""What `make` says where something is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_a_developers_server_without_docker(tmp_path):
    done = subprocess.run(
        [str(shutil.which("make")), "up"], cwd=PROJECT, env={**os.environ, "PATH": str(tmp_path)},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == (
        "Docker with its compose plugin is needed; or name a server in DATABASE_URL"
    )
