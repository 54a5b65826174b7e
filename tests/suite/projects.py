"""Copies of the project, altered, and what `conformance check` says of them."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from conformance.process.cache import CACHE_VARIABLE, cache_folder
from tests import forked_commands

PROJECT = Path(__file__).parents[2]
REVISION = "alembic/versions/0001_initial_schema.py"
CONFIGURATION = """
[tool.conformance]
models = "models:Base.metadata"
"""


@dataclass(frozen=True)
class Edit:
    """One replacement in one file."""

    file: str
    old: str
    new: str


def copied_project(folder, *edits):
    """What a project has of its own, models and migrations, with these edits."""
    for name in ("alembic", "models"):
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "alembic.ini", folder)
    (folder / "pyproject.toml").write_text(CONFIGURATION)
    for edit in edits:
        path = folder / edit.file
        source = path.read_text()
        assert source.count(edit.old) == 1, (
            f"{edit.old!r} is in {edit.file} {source.count(edit.old)} times"
        )
        path.write_text(source.replace(edit.old, edit.new))
    return folder


def own_cache(project):
    """A cache folder of the project's own, but for what depends on no project and takes time."""
    folder = project / "cache"
    folder.mkdir(exist_ok=True)
    for name in ("gaps", "packages", "snapshots", "templates"):
        (cache_folder() / name).mkdir(parents=True, exist_ok=True)
        if not (folder / name).exists():
            (folder / name).symlink_to(cache_folder() / name)
    return folder


def run(project, *arguments):
    """`conformance ...` in the project, as a person would, on the embedded engine."""
    environment = {
        **os.environ,
        "PYTHONPATH": f"{project}{os.pathsep}{PROJECT}",
        CACHE_VARIABLE: str(own_cache(project)),
    }
    command, *others = arguments
    return forked_commands.run(
        [command, "--engine", "embedded", *others], folder=project, environment=environment
    )


def check(project, *arguments):
    """Exit code, verdict and standard error of `conformance check` in the project."""
    done = run(project, "check", *arguments)
    verdict = json.loads((project / "build/conformance/verdict.json").read_text())
    return done.returncode, verdict, done.stderr
