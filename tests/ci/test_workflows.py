"""CI calls the targets that developers call, and pins foreign code by commit."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = set(
    re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
)
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
#: What a developer calls that CI calls for every change.
HABITS = {"check-lint", "docs", "wheel-test", "conform", "test", "coverage", "mutants"}
#: Commands of our own: in the environment, or in the checkout.
OURS = re.compile(r"(?:^|\s)(?P<path>\.venv/bin/[\w-]+|\.ci/[\w./-]+)")

each_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)


def read(path):
    # YAML takes the key `on` for a boolean.
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {("on" if key is True else key): value for key, value in workflow.items()}


def steps(path):
    """Each step, with the values that its job's matrix has."""
    for job in read(path)["jobs"].values():
        for step in job["steps"]:
            yield step, job.get("strategy", {}).get("matrix", {})


def expanded(command, matrix):
    """The command for each value of the matrix."""
    for name, values in matrix.items():
        if name != "include" and f"matrix.{name} " in command:
            return [command.replace(f"${{{{ matrix.{name} }}}}", str(value)) for value in values]
    return [command]


def called(path):
    """Targets of make that a workflow calls."""
    return {
        word
        for step, matrix in steps(path)
        for command in expanded(step.get("run", ""), matrix)
        for word in re.findall(r"(?:^|\s)make ([a-z-]+)", command)
    }


@each_workflow
def test_what_it_calls_exists(path):
    assert called(path) - TARGETS == set()
    for step, _ in steps(path):
        for found in OURS.finditer(step.get("run", "")):
            name = found["path"]
            if name.startswith(".venv/bin/"):
                assert name.removeprefix(".venv/bin/") in PYPROJECT["project"]["scripts"]
            else:
                assert (ROOT / name).is_file(), name


@each_workflow
def test_actions_are_pinned_by_commit(path):
    uses = re.findall(r"uses: *(.*)", path.read_text(encoding="utf-8"))
    assert len(uses) == sum("uses" in step for step, _ in steps(path))
    for action in uses:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action


def test_an_action_has_one_version():
    versions = {}
    for path in WORKFLOWS:
        for name, version in re.findall(r"uses: *(\S+?)@(.*)", path.read_text(encoding="utf-8")):
            versions.setdefault(name, set()).add(version)
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


@each_workflow
def test_it_may_do_no_more_than_it_says(path):
    workflow = read(path)
    assert workflow["permissions"] in ({}, {"contents": "read"})
    # It would run the code of a fork with a token that may write.
    assert "pull_request_target" not in workflow["on"]
    for job in workflow["jobs"].values():
        assert "timeout-minutes" in job
        may_write = "write" in job.get("permissions", {}).values()
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert not may_write
                assert step["with"]["persist-credentials"] is False


def test_every_habit_is_called_for_every_change():
    conformance = ROOT / ".github" / "workflows" / "conformance.yml"
    assert called(conformance) >= HABITS
    # No folder is left out: documentation and examples are tested as well.
    triggers = read(conformance)["on"]
    assert triggers == {"pull_request": None, "push": {"branches": ["main"]}}


def test_all_pythons_and_the_oldest_and_newest_dependencies():
    jobs = read(ROOT / ".github" / "workflows" / "conformance.yml")["jobs"]
    matrix = jobs["test"]["strategy"]["matrix"]
    assert matrix["python"] == ["3.11", "3.12", "3.13", "3.14"]
    assert PYPROJECT["project"]["requires-python"] == f">={matrix['python'][0]}"
    named = {*matrix["dependencies"], *(item["dependencies"] for item in matrix["include"])}
    assert named == set(
        re.findall(r"^INSTALL_(\w+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )


def test_coverage_fails_below_a_figure():
    assert 0 < PYPROJECT["tool"]["coverage"]["report"]["fail_under"] <= 100


def test_the_pure_modules_and_their_tests_are_there():
    mutmut = PYPROJECT["tool"]["mutmut"]
    for pattern in (*mutmut["only_mutate"], *mutmut["pytest_add_cli_args_test_selection"]):
        assert [*ROOT.glob(pattern)], pattern


def test_the_script_calls_what_exists():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^|\s)make ([a-z-]+)", script, re.MULTILINE))
    assert {"check-lint", "docs", "wheel-test", "conform", "test"} <= named <= TARGETS


def test_pre_commit_has_the_hooks_of_make_lint():
    lint = re.search(
        r"^lint:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
    )
    linters = re.findall(r"\$\(BIN\)/(\w+)( format| check)?", lint[1])
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    entries = [hook["entry"] for repo in hooks["repos"] for hook in repo["hooks"]]
    for name, command in linters:
        assert any(entry.startswith(f".venv/bin/{name}{command}") for entry in entries), name
    assert len(entries) == len(linters)
