"""The wheel, installed where nothing else of ours is.

`make wheel-test` names it in `WHEEL`, in an environment that has all of it. Without that it is
built from the checkout.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from . import warehouse

PROJECT = Path(__file__).parents[2]
#: The wheel that was built already, and is installed with all extras.
BUILT = os.environ.get("WHEEL")
#: What a checkout has beside the package, and the wheel must not.
BESIDE = ("alembic", "benchmarks", "docs", "examples", "models", "tests")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from a copy: what an earlier build has left in a checkout would come along."""
    if BUILT:
        return Path(BUILT)
    copy = tmp_path_factory.mktemp("checkout")
    ignored = shutil.ignore_patterns("__pycache__", ".pytest_cache")
    for name in ("conformance", *BESIDE):
        shutil.copytree(PROJECT / name, copy / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(PROJECT / name, copy)
    built = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-deps", "--wheel-dir", built, copy)
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """`installed("audit")`: the folder of the programs of an environment with these extras."""
    made = {}

    def install(extra=""):
        if extra not in made:
            folder = tmp_path_factory.mktemp("environment")
            venv.create(folder)
            programs = folder / "bin"
            wanted = f"timescaledb-conformance{f'[{extra}]' if extra else ''} @ {wheel.as_uri()}"
            # Those of `make wheel-test` are in the environment.
            known = () if BUILT else ("--constraint", PROJECT / "constraints.txt")
            # Only what is imported is compiled, when it is imported.
            pip("--python", programs / "python", "install", "--no-compile", *known, wanted)
            made[extra] = programs
        return made[extra]

    return install


@pytest.fixture
def project(tmp_path):
    """Somebody's project, with folders `models` and `tests` of its own."""
    return warehouse.write(tmp_path)


def pip(*arguments):
    options = ("--quiet", "--disable-pip-version-check")
    done = run([sys.executable, "-m", "pip", *options, *arguments])
    assert done.returncode == 0, done.stdout + done.stderr


def run(command, folder=None, **environment):
    """Run it as a person would, whose shell says nothing of us."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CONFORMANCE_", "PYTEST_", "PYTHON", "GITHUB_", "COV_"))
    }
    return subprocess.run(
        [str(word) for word in command], cwd=folder, env={**kept, **environment},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


# What is in it.


def test_it_has_the_package_alone_and_all_of_it(wheel):
    names = [name for name in zipfile.ZipFile(wheel).namelist() if not name.endswith("/")]
    ours = {name for name in names if ".dist-info/" not in name}
    assert {name.partition("/")[0] for name in ours} == {"conformance"}
    assert {Path(name).suffix or Path(name).name for name in ours} == {
        ".py", ".typed", ".sql", ".jinja", ".ini", ".mjs", ".json", ".npmrc", ".md",
        ".css", ".js",
    }  # fmt: skip
    if not BUILT:
        assert ours == {
            path.relative_to(PROJECT).as_posix()
            for path in (PROJECT / "conformance").rglob("*")
            if path.is_file() and path.suffix != ".pyc" and ".pytest_cache" not in path.parts
        }


def test_it_says_what_it_is(wheel):
    archive = zipfile.ZipFile(wheel)
    (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    lines = archive.read(metadata).decode().splitlines()
    assert "Name: timescaledb-conformance" in lines
    assert "License-Expression: MIT" in lines
    assert "Classifier: Typing :: Typed" in lines
    needed = [
        line for line in lines if line.startswith("Requires-Dist: ") and "extra ==" not in line
    ]
    assert [line.split()[1].partition("<")[0].partition(">")[0] for line in needed] == [
        "sqlalchemy"
    ]


# The core alone.


def test_the_core_declares_and_is_typed(installed, project):
    python = installed() / "python"
    code = "import warehouse.models as w; print(*w.Base.metadata.tables)"
    assert run([python, "-c", code], project).stdout == "stock\n"
    done = run(
        [sys.executable, "-m", "mypy", "--strict", "--python-executable", python, "warehouse"],
        project,
    )
    assert done.returncode == 0, done.stdout
    wrong = (project / "warehouse/models.py").read_text().replace('"7 days"', "[7]")
    (project / "warehouse/models.py").write_text(wrong)
    done = run(
        [sys.executable, "-m", "mypy", "--strict", "--python-executable", python, "warehouse"],
        project,
    )
    assert 'Argument "chunk_interval" to "Hypertable" has incompatible type' in done.stdout


def test_the_core_says_what_a_command_needs(installed, project):
    done = run([installed() / "conformance", "audit", "postgresql://u@h/d"], project)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "conformance: conformance needs the packages click, jinja2, markdown_it, markupsafe, "
        "psycopg2 and rich, which are not installed. "
        "Run pip install 'timescaledb-conformance[audit]'.\n"
    )


# What audits.


@pytest.fixture
def database(conformance_engine, project):
    """The URL of a database that the project's migrations have made."""
    with conformance_engine.database() as url:
        address = url.render_as_string(hide_password=False)
        command = [sys.executable, "-m", "alembic", "-c", "db/alembic.ini", "upgrade", "head"]
        done = run(command, project, DATABASE_URL=address, PYTHONPATH=str(project))
        assert done.returncode == 0, done.stderr
        yield address


def test_it_audits(installed, project, database):
    conformance = installed("audit") / "conformance"
    done = run([conformance, "audit", database, "--json", "-"], project)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["verdict"] == "conforms"
    changed = (project / "warehouse/models.py").read_text().replace('"7 days"', '"1 day"')
    (project / "warehouse/models.py").write_text(changed)
    done = run([conformance, "audit", database], project)
    assert done.returncode == 1, done.stderr
    assert "hypertable:stock:chunk_interval" in done.stdout


def test_what_audits_says_what_else_needs(installed, project):
    done = run([installed("audit") / "conformance", "check"], project)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("conformance: conformance check needs the packages alembic, ")
    assert done.stderr.endswith("Run pip install 'timescaledb-conformance[suite]'.\n")


def test_it_explains(installed, project):
    done = run([installed("audit") / "conformance", "explain", "lock-held"], project)
    assert done.stdout.startswith("# `lock-held`\n"), done.stderr


# What checks, and what gates; each has what it needs.


def test_it_checks(installed, project):
    command = [installed("suite,embedded") / "conformance", "check", "--engine", "embedded"]
    done = run([*command, "--examples", "1", "-k", "test_facts or test_migrations"], project)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Verdict: conforms" in done.stdout
    verdict = json.loads((project / "build/conformance/verdict.json").read_text())
    assert verdict["counts"]["facts"] > 40
    assert verdict["findings"] == []


def test_pytest_finds_the_plugin(installed, project):
    """By its entry point, in a folder whose own tests are none of its business."""
    done = run(
        [installed("suite,embedded") / "pytest", "--pyargs", "conformance.suite.test_facts", "-q",
         "--conformance-engine", "embedded", "-p", "no:cacheprovider"],
        project,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "engine: embedded TimescaleDB" in done.stdout


def test_it_gates(installed, project):
    command = [installed("gate,embedded") / "conformance", "gate", "--engine", "embedded"]
    done = run([*command, "--from-revision", "0001"], project)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Gate: passes" in done.stdout
    revision = project / "db/migrations/versions/0002_shelf.py"
    work = (
        '"ALTER TABLE stock ADD COLUMN shelf text")\n    op.execute("UPDATE stock SET amount = 0")'
    )
    revision.write_text(
        revision.read_text().replace('"ALTER TABLE stock ADD COLUMN shelf text")', work)
    )
    done = run([*command, "--from-revision", "0001"], project)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "lock-held 0002" in done.stdout
    assert "  conformance explain lock-held\n" in done.stdout


def test_without_models_it_takes_nobody_elses(installed, project):
    (project / "pyproject.toml").unlink()
    done = run(
        [installed("suite,embedded") / "conformance", "check", "--engine", "embedded"], project
    )
    assert done.returncode == 2
    assert "conformance: No models are configured. Alembic is configured in db/" in done.stderr
