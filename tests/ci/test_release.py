"""A release has the version of its tag, and notes."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYPROJECT = '[project]\nversion = "1.2.0"\n'
CHANGELOG = """# Changelog

## Unreleased

## 1.2.0 - 2026-01-02

### Added

- This.

## 1.1.0

- That.
"""


@pytest.fixture(scope="module")
def notes():
    path = ROOT / ".ci" / "release.py"
    specification = importlib.util.spec_from_file_location("release", path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module.notes


def test_the_section_is_the_notes(notes):
    assert notes("v1.2.0", PYPROJECT, CHANGELOG) == "### Added\n\n- This.\n"
    # The last section has no other behind it.
    older = PYPROJECT.replace("1.2.0", "1.1.0")
    assert notes("v1.1.0", older, CHANGELOG) == "- That.\n"
    assert notes("v1.1.0", older, CHANGELOG.replace("## 1.1.0", "## [1.1.0]")) == "- That.\n"


@pytest.mark.parametrize("tag", ["v1.2.1", "1.2.0", "v1.2.0rc1", ""])
def test_a_tag_of_another_version(notes, tag):
    with pytest.raises(ValueError, match=r"version in pyproject\.toml is 1\.2\.0"):
        notes(tag, PYPROJECT, CHANGELOG)


@pytest.mark.parametrize("version", ["1.2", "2.0.0", "1x2.0"])
def test_a_version_without_a_section(notes, version):
    with pytest.raises(ValueError, match=r"CHANGELOG\.md has nothing under"):
        notes(f"v{version}", PYPROJECT.replace("1.2.0", version), CHANGELOG)


def test_an_empty_section(notes):
    with pytest.raises(ValueError, match="has nothing under"):
        notes("v1.2.0", PYPROJECT, "## 1.2.0\n\n## 1.1.0\n\n- That.\n")


def test_the_command_says_it_in_one_line():
    done = subprocess.run(
        [sys.executable, "-I", ROOT / ".ci" / "release.py", "v0.0.0"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("The tag is v0.0.0, and the version in pyproject.toml is ")
