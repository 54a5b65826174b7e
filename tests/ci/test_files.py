"""The repository has nothing that was built or downloaded."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: The longest page has 100 kB.
MOST_BYTES = 200_000


def test_no_file_is_large_or_binary():
    if not (ROOT / ".git").exists():
        pytest.skip("this is no checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    files = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    kept = [path for path in files if path.is_file()]
    assert kept
    large = [path for path in kept if path.stat().st_size > MOST_BYTES]
    assert large == []
    binary = [path for path in kept if b"\0" in path.read_bytes()]
    assert binary == []
