"""The action and the pre-commit hooks that other projects use: they call what exists."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from conformance.cli import main
from conformance.extras import MODULES

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS = {step.get("name", step.get("uses")): step for step in ACTION["runs"]["steps"]}
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
DEFAULTS = {name: item["default"] for name, item in ACTION["inputs"].items()}

#: Stands for pip and for conformance: it prints its arguments, and the variable with the pages.
RECORDER = """#!{python}
import os, sys
if sys.argv[1:2] == ["-c"]:
    exec(sys.argv[2])
else:
    print(*sys.argv[1:], sep="\\n")
    print("pages", os.environ.get("CONFORMANCE_PAGES", ""))
    sys.exit(int(os.environ.get("EXIT_CODE", 0)))
"""


@pytest.fixture
def run(tmp_path):
    """`run(step, **inputs)`: the exit code of a step, and what it called its program with."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("python", "conformance"):
        (programs / name).write_text(RECORDER.format(python=sys.executable))
        (programs / name).chmod(0o755)

    def step(name, *, github=None, code=0, **inputs):
        known = {**DEFAULTS, **{key.replace("_", "-"): value for key, value in inputs.items()}}
        context = {
            "action_path": "/actions/conformance", "action_repository": "desk/conformance",
            "action_ref": "v1", "server_url": "https://github.com", **(github or {}),
        }  # fmt: skip
        values = {**{f"inputs.{key}": value for key, value in known.items()},
                  **{f"github.{key}": value for key, value in context.items()}}  # fmt: skip
        environment = {
            key: re.sub(r"\$\{\{ (.*?) \}\}", lambda found: values[found[1]], value)
            for key, value in STEPS[name]["env"].items()
        }
        # As GitHub runs `shell: bash`.
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEPS[name]["run"]],
            capture_output=True, text=True, check=False, cwd=tmp_path,
            env={**environment, "PATH": f"{programs}:{os.environ['PATH']}", "EXIT_CODE": str(code),
                 "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")},
        )  # fmt: skip
        return done.returncode, done.stdout.splitlines(), done.stderr

    return step


def called(result):
    code, lines, errors = result
    assert (code, errors) == (0, "")
    return lines[:-1]


def test_foreign_actions_are_pinned_by_commit_as_in_the_workflows():
    uses = re.findall(r"uses: *(.*)", (ROOT / "action.yml").read_text(encoding="utf-8"))
    assert len(uses) == 1
    workflows = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / ".github/workflows").glob("*.yml")
    )
    for action in uses:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action)
        assert f"uses: {action}" in workflows


def test_inputs_reach_scripts_as_variables_only():
    """A text of a workflow must not become a part of a script."""
    for step in STEPS.values():
        assert "${{" not in step.get("run", "")
        assert step.get("shell", "bash") == "bash"
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    for name in ACTION["inputs"]:
        assert f"inputs.{name}" in text
        assert ACTION["inputs"][name]["description"]


def test_what_it_runs_by_default(run):
    assert called(run("Run")) == [
        "gate", "--reports=build/conformance", "--engine=container", "--format=github",
    ]  # fmt: skip


@pytest.mark.parametrize("command", ["check", "audit", "gate", "upgrade"])
def test_every_command_has_the_options_that_it_gets(run, command):
    known = {name for option in main.get_command(None, command).params for name in option.opts}
    given = called(run("Run", command=command, models="app.models:Base.metadata"))
    assert given[0] == command
    assert {word.partition("=")[0] for word in given[1:]} <= known
    assert "--models=app.models:Base.metadata" in given


def test_arguments_are_words_of_a_shell_and_nothing_more(run):
    url = "postgresql://reader@h/desk?sslmode=require&x=$(id)"
    words = f"'{url}' --json 'a b.json'; echo `id` > x"
    given = called(run("Run", command="audit", arguments=words, models="$(id)"))
    assert given == [
        "audit", "--reports=build/conformance", "--models=$(id)", "--format=github", url,
        "--json", "a b.json;", "echo", "`id`", ">", "x",
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "option"), [("Run", "arguments"), ("Install", "install")])
def test_a_quote_too_few_ends_the_step(run, name, option):
    """The command does not run without the words that it was to have."""
    code, lines, errors = run(name, **{option: "--base 'main"})
    assert code
    assert not lines
    assert "No closing quotation" in errors


@pytest.mark.parametrize("code", [0, 1, 2])
def test_the_exit_code_is_that_of_the_command(run, code):
    assert run("Run", code=code)[0] == code


def test_pages_are_beside_the_action(run):
    _, lines, _ = run("Run")
    assert lines[-1] == "pages https://github.com/desk/conformance/blob/v1/"
    # An action of the same repository has no name there.
    _, lines, _ = run("Run", github={"action_repository": ""})
    assert lines[-1] == "pages "


@pytest.mark.parametrize(
    ("inputs", "package"),
    [
        ({}, "/actions/conformance[gate,container]"),
        ({"command": "check", "engine": "embedded"}, "/actions/conformance[suite,embedded]"),
        ({"command": "check", "engine": "auto"}, "/actions/conformance[suite,container,embedded]"),
        ({"command": "check", "engine": "postgresql://h/d"}, "/actions/conformance[suite]"),
        ({"command": "upgrade"}, "/actions/conformance[suite,container]"),
        (
            {"command": "audit", "engine": "", "version": "1.2"},
            "timescaledb-conformance[audit]==1.2",
        ),
    ],
)
def test_what_it_installs(run, inputs, package):
    pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    assert called(run("Install", **inputs)) == [*pip, package]
    assert called(run("Install", install="-e '.[db]'", **inputs)) == [*pip, package, "-e", ".[db]"]
    assert set(re.search(r"\[(.*)\]", package)[1].split(",")) <= set(MODULES)


@pytest.mark.parametrize(
    ("command", "file"), [("check", "verdict.md"), ("audit", "audit.md"), ("gate", "gate.md")]
)
def test_the_report_is_shown_in_the_summary(run, tmp_path, command, file):
    assert run("Show the report", command=command) == (0, [], "")
    assert not (tmp_path / "summary.md").exists()
    (tmp_path / "build/conformance").mkdir(parents=True)
    (tmp_path / "build/conformance" / file).write_text("# A report\n")
    assert run("Show the report", command=command) == (0, [], "")
    assert (tmp_path / "summary.md").read_text() == "# A report\n"
    assert STEPS["Show the report"]["if"] == "always()"


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_a_hook_calls_a_command_that_exists(hook):
    program, command, *options = shlex.split(hook["entry"])
    assert program == "conformance"
    known = {name for option in main.get_command(None, command).params for name in option.opts}
    # Of check, other arguments are pytest's.
    assert command == "check" or set(options) <= known
    assert hook["language"] == "system"
    assert hook["pass_filenames"] is False
    assert hook["stages"] == ["pre-push"]


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("alembic/versions/0002_add.py", True), ("app/migrations/versions/1.py", True),
        ("alembic.ini", True), ("alembic/env.py", True), ("models/curves.py", False),
        ("versions.md", False),
    ],
)  # fmt: skip
def test_the_gate_runs_for_migrations(path, wanted):
    (gate,) = [hook for hook in HOOKS if hook["id"] == "conformance-gate"]
    assert bool(re.search(gate["files"], path)) is wanted
