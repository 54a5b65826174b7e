"""The project's tests run with the suite's fixtures and options."""

from __future__ import annotations

import gc

pytest_plugins = ["conformance.pytest_plugin"]


def pytest_collection_finish() -> None:
    """Spare the garbage collector thousands of tests, which stay until the end."""
    gc.freeze()
