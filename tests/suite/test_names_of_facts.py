"""A check looks its fact up by the name that the comparison has; another name is not a pass."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest

from conformance.comparing.facts import FactKey
from conformance.suite import test_facts as suite

MODELS = """
from sqlalchemy import Column, DateTime, MetaData, Table
from conformance import Hypertable
metadata = MetaData(schema="lab")
Table("ticks", metadata, Column("at", DateTime(timezone=True), primary_key=True),
      Hypertable("at", chunk_interval="1 day"))
"""


@pytest.mark.parametrize(
    ("schemas", "name"),
    [("lab,public", "ticks"), ("public", "lab.ticks"), ("public,lab", "lab.ticks")],
)
def test_names_without_a_schema_are_those_of_the_first_one(tmp_path, schemas, name):
    (tmp_path / "lab_models.py").write_text(MODELS)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--pyargs", "conformance.suite.test_facts", "-q",
         "--collect-only", "-p", "no:cacheprovider", "-k", "chunk_interval",
         "--conformance-schemas", schemas,
         "--conformance-models", "lab_models:metadata", "--conformance-engine", "embedded"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert f"test_fact[hypertable:{name}:chunk_interval]" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("number", [1, 2])
def test_a_fact_that_was_not_compared_does_not_hold(number):
    facts = [FactKey("hypertable", f"t{n}", "", "exists") for n in range(number)]
    empty = SimpleNamespace(sides=({}, {}), names={}, findings={}, consequences={}, not_checked={})
    with pytest.raises(LookupError, match="not compared: hypertable:t0:exists"):
        suite.test_fact(facts, empty, lambda *_: None)
