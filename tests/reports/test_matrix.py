"""What ran where, collected from the verdicts that runs leave."""

from __future__ import annotations

import ast
import importlib.util
import json
from pathlib import Path

import pytest

from conformance.comparing.findings import Accepted, Finding, NotChecked
from conformance.comparing.verdict import EngineUsed, Verdict
from conformance.reports.files import write_verdict

DOCS = Path(__file__).parents[2] / "docs"
APACHE = "the edition is Apache"
FINDING = Finding(
    "table:a:exists", "table", "a", "exists", "missing", True, None, "No.", "Make it."
)


def verdict(timescaledb="2.31.0", postgresql="18.6", **details):
    engine = EngineUsed("container", "container of some:image", postgresql, timescaledb, "apache")
    return Verdict(engine, **details)


@pytest.fixture
def folder(tmp_path):
    """The reports of three runs, the newest version first."""
    not_checked = tuple(NotChecked(f"policy:{table}:exists", APACHE) for table in "ab")
    write_verdict(verdict(facts=10, tests=3, not_checked=not_checked), tmp_path / "a-new")
    accepted = (Accepted(FINDING, "why"),)
    write_verdict(
        verdict("2.9.1", "9.6", facts=12, accepted=accepted, old=(FINDING, FINDING)),
        tmp_path / "b-old",
    )
    engine = EngineUsed("embedded", "embedded")
    write_verdict(Verdict(engine, could_not_run="No | npm."), tmp_path / "c-none")
    return tmp_path


def test_the_runs_below_a_folder_are_one_table(folder, generator):
    runs = generator.collected(folder)
    assert generator.table(runs).splitlines() == [
        "| PostgreSQL | TimescaleDB | edition | engine | verdict | facts hold | tests pass "
        "| findings | accepted | not checked |",
        "| --- | --- | --- | --- | --- | ---: | ---: | ---: | ---: | ---: |",
        "|  |  |  | embedded | could not run | 0 | 0 | 0 | 0 | 0 |",
        "| 9.6 | 2.9.1 | apache | container | conforms | 12 | 0 | 0 | 3 | 0 |",
        "| 18.6 | 2.31.0 | apache | container | conforms | 10 | 3 | 0 | 0 | 2 |",
        "",
        "Not checked, because",
        "",
        f"- {APACHE}: 2 on 2.31.0",
    ]
    again = json.loads(json.dumps(runs))
    assert again[-1]["not_checked"] == {APACHE: 2}
    assert generator.table(again) == generator.table(runs)


@pytest.fixture(scope="module")
def generator():
    specification = importlib.util.spec_from_file_location("page", DOCS / "generate_matrix.py")
    generator = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(generator)
    return generator


def test_the_page_is_fresh(generator):
    stale = "run: python docs/generate_matrix.py"
    assert generator.PAGE.read_text(encoding="utf-8") == generator.page(), stale


def test_each_fault_has_its_test_or_says_why_not(generator):
    for fault in generator.faults():
        assert fault.keys() in ({"what", "then", "test"}, {"what", "then", "untested"})
        if "test" in fault:
            file, *names = fault["test"].split("::")
            body = ast.parse((DOCS.parent / file).read_text(encoding="utf-8")).body
            for name in names:
                found = [node for node in body if getattr(node, "name", None) == name]
                assert found, fault["test"]
                body = found[0].body
