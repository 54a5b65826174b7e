"""The folders of clusters: which are ours, and which of those nobody needs any more."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.engines.local import removal
from conformance.process.identity import certainly_gone, is_of_here, this_process

if TYPE_CHECKING:
    from conformance.engines.local.account import Account

PREFIX = "timescaledb-conformance-"
#: A folder that nobody has looked after for so long, in seconds, is left from another boot of the
#: machine, or from a run that was killed before it could write its name.
_FORGOTTEN = 3600.0


def remove_leftovers() -> None:
    """Remove the clusters of runs that were killed together with what looked after them."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if _is_ours(folder) and _is_left(folder):
            removal.remove(folder)


def new_folder(account: Account) -> Path:
    """A folder for a cluster, with our name in it."""
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    (folder / removal.OWNER).write_text(this_process())
    if account.name:
        # It stays ours, and the server gets to its data through it.
        os.chown(folder, -1, account.gid)
        folder.chmod(0o710)
    return folder


def watch(folder: Path) -> subprocess.Popen[bytes]:
    """Start what removes the cluster when we are gone."""
    command = [sys.executable, "-IS", str(Path(removal.__file__)), str(folder), str(os.getpid())]
    return subprocess.Popen(  # noqa: S603 - our own command, without a shell
        command, stdin=subprocess.PIPE, cwd="/", start_new_session=True
    )


def _is_ours(folder: Path) -> bool:
    """Whether this user has made the folder: nobody else can have put anything into it."""
    try:
        status = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()


def _is_left(folder: Path) -> bool:
    """Whether the run that made the folder is surely no more."""
    owner = folder / removal.OWNER
    try:
        if is_of_here(identity := owner.read_text()):
            return certainly_gone(identity)
        forgotten = _is_forgotten(owner)
    except OSError:
        forgotten = _is_forgotten(folder)
    return forgotten and not removal.servers(folder)


def _is_forgotten(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > _FORGOTTEN
    except OSError:
        return False
