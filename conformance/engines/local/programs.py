"""The `postgres` program whose CREATE EXTENSION creates the chosen version of TimescaleDB."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.engines.local.choosing import Chosen


def server_program(chosen: Chosen, folder: Path) -> Path:
    """The `postgres` program to start.

    A migration runs CREATE EXTENSION without a version, and gets the version in the control file.
    For another version, `folder` gets a copy of the program and a tree of links to the installation
    with another control file. PostgreSQL finds its files relative to its program
    ("src/port/path.c", make_relative_path).
    """
    installation = chosen.installation
    if chosen.timescaledb == installation.timescaledb:
        return installation.programs / "postgres"
    root = folder / f"timescaledb-{chosen.timescaledb}"
    programs = installation.programs.resolve()
    program = _below(root, programs) / "postgres"
    if not program.exists():
        _link_share(installation.share.resolve(), root, chosen)
        for libraries in (programs.parent / "lib", installation.libraries.resolve()):
            _link(libraries, root)
        program.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        shutil.copy(programs / "postgres", program)
        _open_to_all(root)
    return program


def _link_share(share: Path, root: Path, chosen: Chosen) -> None:
    """Link the share folder, with another control file of TimescaleDB."""
    control = chosen.installation.control
    copy = _below(root, share)
    (copy / "extension").mkdir(mode=0o755, parents=True)
    for path in share.iterdir():
        if path.name != "extension":
            (copy / path.name).symlink_to(path)
    for path in (share / "extension").iterdir():
        if path.name != control.name:
            (copy / "extension" / path.name).symlink_to(path)
    before = re.escape(str(chosen.installation.timescaledb))
    text = re.sub(rf"(?<=['-]){before}(?=')", chosen.timescaledb, control.read_text("utf-8"))
    (copy / "extension" / control.name).write_text(text, "utf-8")


def _link(libraries: Path, root: Path) -> None:
    place = _below(root, libraries)
    if libraries.is_dir() and not place.exists():
        place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        place.symlink_to(libraries)


def _open_to_all(root: Path) -> None:
    """Let every user read the files: the server may run as another user."""
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o444))


def _below(root: Path, path: Path) -> Path:
    return root / path.relative_to(path.anchor)
