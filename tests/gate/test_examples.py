"""`conformance gate` on each example gives the verdict that the example's revision names.

On the embedded engine; and in a container where Docker answers and `TEST_IMAGE`, or a local image
timescaledb-test, is there.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from jsonschema import Draft202012Validator

from conformance.comparing.capabilities import version_tuple
from conformance.comparing.verdict import EngineUsed
from conformance.engines.started import start_session
from conformance.errors import EngineUnavailable
from conformance.gate import run
from conformance.gate.evidence.codes import is_code
from conformance.gate.run import Choices, gate
from conformance.project.configuration import Configuration
from conformance.project.scripts import alembic_config

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples/migrations"
EXAMPLES = sorted(path.parent.name for path in FOLDER.glob("*/alembic.ini"))
SCHEMA = json.loads((ROOT / "docs/gate.schema.json").read_text(encoding="utf-8"))

LINE = re.compile(
    r"^Verdict(?: \((?P<condition>[^)]+)\))?: (?P<verdict>passes|fails|not checked|could not run)"
    r"(?:: (?P<codes>.+(?:\n(?!Verdict).+)*))?$",
    re.MULTILINE,
)
OLDER = re.compile(r"TimescaleDB before (?P<version>[\d.]+)")

each_example = pytest.mark.parametrize("name", EXAMPLES)


@dataclass(frozen=True)
class Expected:
    """One `Verdict` line of a revision: `Verdict (condition): verdict: code, code (accepted)`."""

    condition: str | None
    verdict: str
    codes: frozenset[str]

    def applies(self, engine) -> bool:
        """Whether the condition holds for an engine that was used; without one it always does."""
        if self.condition is None:
            return True
        if self.condition == "Apache edition":
            return engine.edition == "apache"
        if self.condition == "embedded engine":
            return engine.name == "embedded"
        older = OLDER.fullmatch(self.condition)
        assert older, f"nobody knows when {self.condition!r} holds"
        return version_tuple(engine.timescaledb) < version_tuple(older["version"])


def configuration(name):
    return FOLDER / name / "alembic.ini"


def models(name):
    if (FOLDER / name / "models_after.py").exists():
        return f"examples.migrations.{name}.models_after:metadata"
    return "models:Base.metadata"


def expected(name):
    """The lines of the revision's docstring, in their order: the first that applies counts."""
    script = ScriptDirectory.from_config(alembic_config(configuration(name))).get_revision("0002")
    return [
        Expected(
            line["condition"],
            line["verdict"],
            frozenset(re.split(r",\s+", line["codes"])) if line["codes"] else frozenset(),
        )
        for line in LINE.finditer(script.module.__doc__)
    ]


@each_example
def test_the_revision_names_its_verdict(name):
    lines = expected(name)
    assert [line.condition for line in lines].index(None) == len(lines) - 1
    for code in {code for line in lines for code in line.codes}:
        assert is_code(code.removesuffix(" (accepted)"))


@each_example
def test_the_folder_has_what_an_example_has(name):
    found = {path.name for path in (FOLDER / name).iterdir() if path.name != "__pycache__"}
    assert found - {"models_after.py"} == {"alembic.ini", "versions"}
    assert (FOLDER / name / f"versions/0002_{name}.py").is_file()


@each_example
def test_on_the_embedded_engine(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    judge(name, "embedded")


@pytest.fixture(scope="module")
def session_on_server(server_engine):
    """One session for all examples: they have one base, which is made once."""
    session = start_session(server_engine.server_url, None)
    yield session
    session.engine.stop()


@each_example
def test_on_a_server(name, session_on_server, monkeypatch):
    engine = session_on_server.engine
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(run, "start_session", lambda *_: session_on_server)
    monkeypatch.setattr(engine, "stop", lambda: None)
    if wanted(name, EngineUsed.of("container", "", engine.server)).verdict == "not checked":
        pytest.skip("not checked: the Apache edition has no compression and no policies")
    judge(name, engine.server_url)


def wanted(name, engine):
    return next(line for line in expected(name) if line.applies(engine))


def judge(name, engine):
    """Run the gate, and compare its report with the first line that applies."""
    project = Configuration(
        engine=engine, models=(models(name),), alembic_ini=str(configuration(name))
    )
    choices = Choices(project, from_revision="0001")
    try:
        report = gate(choices)
    except EngineUnavailable:
        named = EngineUsed(engine, "")
        assert wanted(name, named).verdict == "could not run"
        return
    line = wanted(name, report.engine)
    found = {f"{item.code} (accepted)" if item.accepted else item.code for item in report.findings}
    told = [f"{item.id}: {item.message}" for item in report.findings]
    assert (report.verdict, sorted(found)) == (line.verdict, sorted(line.codes)), told
    assert report.exit_code == any(item.fails for item in report.findings)
    for item in report.findings:
        assert item.message.endswith((".", ";", ")")), item.message
        assert item.hint
    Draft202012Validator(SCHEMA).validate(json.loads(json.dumps(report.as_data())))


@each_example
def test_the_index_lists_the_example(name):
    script = ScriptDirectory.from_config(alembic_config(configuration(name))).get_revision("0002")
    title = script.doc.removesuffix(".")
    line = f"| [{name}]({name}/versions/0002_{name}.py) | {title} |"
    assert line in (FOLDER / "README.md").read_text(encoding="utf-8").splitlines()
