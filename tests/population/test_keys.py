"""The key of a filled database is the same in every process, so that the database is reused."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.engines.base import Template
from conformance.histories.stage import histories_template
from conformance.population.keys import rows_key
from conformance.suite.row_world import populated_template
from models import Base


def keys():
    """Of a migrated database that nobody has to prepare."""
    migrated = Template("migrated", "key", print)
    yield rows_key(Base.metadata)
    yield populated_template(migrated, Base.metadata, compress=True).key
    yield histories_template(migrated, Base.metadata, community=True).key


@pytest.mark.parametrize("seed", ["1", "2", "3"])
def test_sets_have_another_order_in_each_process(seed):
    root = Path(__file__).parents[2]
    told = subprocess.run(
        [sys.executable, __file__],
        env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(root)},
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    assert told.split() == list(keys())


if __name__ == "__main__":
    sys.stdout.write("\n".join(keys()))
