"""Processes that hold an engine, to be ended in every way a process can end."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

_ROOT = Path(__file__).parents[2]

_HOLD = """
import sys, time
from conformance.engines import open_engine
from conformance.engines.base import Template
engine = open_engine(sys.argv[1], sys.argv[2] or None, print)
engine.start()
with engine.database(Template("schema", "key", lambda url: None)) as url:
    print("ready", url.database, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder() -> Callable[..., AbstractContextManager[subprocess.Popen[str]]]:
    """`with holder(choice, image) as process:` a process with a database of an engine open."""

    @contextmanager
    def hold(choice: str, image: str = "") -> Iterator[subprocess.Popen[str]]:
        command = [sys.executable, "-c", _HOLD, choice, image]
        with subprocess.Popen(
            command, cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            try:
                assert process.stdout is not None
                assert "ready" in process.stdout.readline()
                yield process
            finally:
                process.terminate()
                process.wait(20)

    return hold
