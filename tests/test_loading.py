"""Declarations, an audit and `--help` load only the modules that they need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from conformance.extras import MODULES

PROJECT = Path(__file__).parents[1]
OF_EXTRAS = frozenset().union(*MODULES.values())


REPORTING = """
import atexit, sys
file = sys.argv.pop(1)
atexit.register(lambda: open(file, "w").write("\\n".join(sys.modules)))
"""


@pytest.fixture
def loaded(tmp_path):
    """`loaded(code, ...)`: the modules that Python has loaded at its end, and their packages."""

    def run(code, *arguments):
        file = tmp_path / "modules"
        subprocess.run(
            [sys.executable, "-c", f"{REPORTING}\n{code}", str(file), *arguments],
            cwd=PROJECT, capture_output=True, check=True,
        )  # fmt: skip
        return set(file.read_text().splitlines())

    return run


def test_the_package_alone(loaded):
    assert loaded("import conformance") & {*OF_EXTRAS, "sqlalchemy"} == set()


def test_who_declares(loaded):
    assert loaded("from conformance import Hypertable") & OF_EXTRAS == set()


@pytest.mark.parametrize("command", ["", "audit", "check", "gate", "upgrade", "fix"])
def test_who_asks_for_help(command, loaded):
    found = loaded("from conformance.__main__ import main; main()", *command.split(), "--help")
    assert found & {*OF_EXTRAS, "sqlalchemy"} == {"click"}


#: What an audit loads. The reports also need what renders templates, and keeps them compiled.
AUDIT = {"click", "psycopg2", "rich"}
TEMPLATES = {"filelock", "jinja2", "markupsafe", "platformdirs"}
#: What others need: other commands, a verdict with findings, rehearsed migrations and upgrades.
OF_OTHERS = ("commands.check", "commands.gate", "checking", "gate.evidence.report", "mending",
             "project.migrations", "suite", "upgrade")  # fmt: skip


@pytest.mark.parametrize(
    ("option", "modules"),
    [([], AUDIT), (["--json", "-"], AUDIT), (["--reports", "reports"], AUDIT | TEMPLATES)],
    ids=["screen", "JSON", "reports"],
)
def test_who_audits(  # noqa: PLR0913, PLR0917 - fixtures
    option, modules, loaded, conformance_engine, schema_template, tmp_path
):
    option = [str(tmp_path) if word == "reports" else word for word in option]
    with conformance_engine.database(schema_template) as url:
        found = loaded(
            "from conformance.__main__ import main; main()",
            "audit", url.render_as_string(hide_password=False), *option,
        )  # fmt: skip
    assert found & OF_EXTRAS == modules
    assert found & {"logging.config", *(f"conformance.{name}" for name in OF_OTHERS)} == set()
