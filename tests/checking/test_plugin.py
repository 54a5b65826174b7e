"""The plugin costs other runs of pytest nothing, and starts an engine only when it is needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]

#: What the plugin's work needs, and its presence does not.
HEAVY = ("alembic", "click", "hypothesis", "psycopg2", "rich", "sqlalchemy", "testcontainers")

REPORTING = f"""
import sys

def pytest_unconfigure():
    print("LOADED", sorted(set(sys.modules) & set({HEAVY!r})))
"""


def run_pytest(folder, *arguments):
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=300
    )


@pytest.fixture
def others(tmp_path):
    """A project whose tests are none of ours."""
    (tmp_path / "conftest.py").write_text(REPORTING)
    (tmp_path / "test_of_others.py").write_text("def test_theirs(): pass\n")
    return tmp_path


def test_a_run_of_others_loads_nothing(others, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    done = run_pytest(others, "-p", "conformance.pytest_plugin")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "LOADED []" in done.stdout
    assert "engine:" not in done.stdout


def test_an_engine_that_cannot_be_had_matters_to_nobody_else(others):
    assert run_pytest(others, "--conformance-engine=nonsense").returncode == 0


def test_tests_of_others_with_a_conftest_in_their_folder(tmp_path):
    """pytest-alembic, which the suite needs, fails there with pytest 9.2."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "conftest.py").touch()
    (tmp_path / "tests" / "test_of_others.py").write_text("def test_theirs(): pass\n")
    done = run_pytest(tmp_path, "tests")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_what_needs_the_engine_learns_that_there_is_none(others):
    (others / "test_ours.py").write_text("def test_it(conformance_engine): pass\n")
    done = run_pytest(others, "--conformance-engine=nonsense")
    assert done.returncode == 2
    assert "There is no engine 'nonsense'" in done.stdout


@pytest.mark.parametrize(
    "arguments", [("conformance/suite",), (), ("--pyargs", "conformance.suite")], ids=str
)
def test_the_suite_by_any_name(arguments):
    chosen = ("-k", "test_single_head_revision", "--conformance-engine=embedded")
    done = run_pytest(PROJECT, *arguments, *chosen)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "engine: embedded TimescaleDB" in done.stdout
    assert "1 passed" in done.stdout


def test_warnings_that_are_errors_and_an_ini_file_of_an_older_alembic(others):
    """Alembic 1.16 and later miss path_separator there."""
    (others / "old.ini").write_text(
        f"[alembic]\nscript_location = {PROJECT / 'alembic'}\nprepend_sys_path = {PROJECT}\n"
    )
    done = run_pytest(
        PROJECT, "conformance/suite/test_migrations.py", "-W", "error",
        "-k", "test_single_head_revision or test_offline_sql_gives_the_same_facts",
        "--conformance-engine=embedded", f"--conformance-alembic-ini={others / 'old.ini'}",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_checks_of_migrations_in_another_order():
    """As pytest-randomly and pytest-xdist run them."""
    ids = ("test_alembic_check_sees_a_dropped_index", "test_alembic_check_is_quiet")
    named = [f"conformance/suite/test_migrations.py::{name}" for name in ids]
    done = run_pytest(PROJECT, *named, "--conformance-engine=embedded")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_what_the_option_does_not_say_the_environment_does(others):
    (others / "test_ours.py").write_text("def test_it(conformance_engine): pass\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
    done = subprocess.run(
        command, cwd=others, env={"CONFORMANCE_ENGINE": "nowhere"}, capture_output=True,
        text=True, check=False, timeout=300,
    )  # fmt: skip
    assert "There is no engine 'nowhere'" in done.stdout


OUTSIDE = """
from conformance.errors import ConformanceError

def test_raises(): raise ConformanceError("No way.")
def test_theirs(): pass
"""


def test_an_error_of_ours_in_a_test_of_others_ends_that_test_alone(others):
    (others / "test_of_others.py").write_text(OUTSIDE)
    done = run_pytest(others, "-p", "conformance.pytest_plugin")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed, 1 passed" in done.stdout


def test_models_that_cannot_be_imported_end_only_the_tests_that_need_them(others):
    (others / "test_ours.py").write_text("def test_it(conformance_metadata): pass\n")
    (others / "test_zeal.py").write_text("def test_theirs(): pass\n")
    done = run_pytest(others, "--conformance-models=nowhere:metadata")
    assert done.returncode == 2
    assert "2 passed, 1 error" in done.stdout
    assert "There is no module 'nowhere'" in done.stdout


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_suite_that_cannot_go_on_ends_no_test_of_others(others, workers):
    """The suite's own checks that are left say why they did not run."""
    (others / "other.ini").write_text("garbage")
    chosen = ("-n", workers, "-k", "head or up_down or theirs", "--conformance-engine=embedded")
    done = run_pytest(
        PROJECT, *chosen, "-rs",
        f"--conformance-alembic-ini={others / 'other.ini'}",
        "conformance/suite/test_migrations.py", others / "test_of_others.py",
    )  # fmt: skip
    assert done.returncode == 2, done.stdout + done.stderr
    assert "1 passed, 1 skipped" in done.stdout
    assert "could not run: The revisions of" in done.stdout
