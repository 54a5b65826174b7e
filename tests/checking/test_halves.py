"""The two halves of the suite are the whole of it, and share nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from conformance.checking.halves import _halves

PROJECT = Path(__file__).parents[2]

#: Prints the names of the tests that these arguments select.
COLLECT = """
import json, sys
import pytest
from conformance.checking.run import _FIXED

class Names:
    def pytest_collection_finish(self, session):
        names = sorted(item.nodeid for item in session.items)
        print(json.dumps(names), file=sys.__stdout__, flush=True)

models = ["--conformance-models", "models:Base.metadata", "--conformance-engine", "embedded"]
pytest.main([*_FIXED, "--collect-only", *models, *sys.argv[1:]], plugins=[Names()])
"""


@cache
def collected(*arguments: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", COLLECT, *arguments],
        cwd=PROJECT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    names: list[str] = json.loads(done.stdout.splitlines()[-1])
    return names


@pytest.mark.parametrize("has_sessions", [True, False])
def test_every_test_of_the_suite_is_in_one_half(has_sessions):
    here, there = (collected(*half) for half in _halves(has_sessions=has_sessions))
    assert here
    assert there
    assert sorted([*here, *there]) == collected()
