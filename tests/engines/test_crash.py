"""A server that fails in the middle of a run: no verdict, rather than a wrong one."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from conformance.engines.connecting import connect, parse_url
from conformance.engines.container import ContainerEngine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_ROOT = Path(__file__).parents[2]
_END_A_WRITER = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname LIKE 'conformance%' AND query LIKE 'INSERT%' LIMIT 1"
)


@pytest.fixture
def engine(image: str) -> Iterator[ContainerEngine]:
    """A server of this test alone."""
    engine = ContainerEngine(image)
    engine.start()
    yield engine
    engine.stop()


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.slow
def test_lost_session_is_no_finding(engine: ContainerEngine, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "conformance", "check", "--engine", engine.server_url]
    with (
        connect(parse_url(engine.server_url), autocommit=True) as connection,
        subprocess.Popen(
            [*command, "--reports", str(tmp_path), "-k", "test_rows"],
            cwd=_ROOT,
            env={**os.environ, "PYTHONPATH": str(_ROOT)},
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        wait_for(lambda: process.poll() is not None or connection.scalar(_END_A_WRITER))
        _, said = process.communicate(timeout=120)
    assert "conformance: The server ended the connection during " in said
    assert process.returncode == 2
