"""The folders of clusters: create them, watch over them, remove those of dead runs."""

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
#: A folder whose owner file was not touched for so many seconds is a leftover: the machine was
#: restarted, or the run was killed before it wrote its identity.
_FORGOTTEN = 3600.0


def remove_leftovers() -> None:
    """Remove the clusters of runs that were killed together with their watchdog."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if _is_ours(folder) and _is_left(folder):
            removal.remove(folder)


def new_folder(account: Account) -> Path:
    """A new folder for a cluster, with the identity of this process in it."""
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    (folder / removal.OWNER).write_text(this_process())
    if account.name:
        # This user keeps the folder; the server's user may enter it.
        os.chown(folder, -1, account.gid)
        folder.chmod(0o710)
    return folder


def watch(folder: Path) -> subprocess.Popen[bytes]:
    """Start the watchdog: a process that removes the cluster when this process has ended."""
    command = [sys.executable, "-IS", str(Path(removal.__file__)), str(folder), str(os.getpid())]
    return subprocess.Popen(  # noqa: S603 - our own command, without a shell
        command, stdin=subprocess.PIPE, cwd="/", start_new_session=True
    )


def _is_ours(folder: Path) -> bool:
    """Whether this user owns the folder: then nobody else can have written into it."""
    try:
        status = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()


def _is_left(folder: Path) -> bool:
    """Whether the run that created the folder has certainly ended."""
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
