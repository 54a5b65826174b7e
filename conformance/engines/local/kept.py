"""Data directories in the cache folder: unpacking one takes a fraction of initdb's time.

Each file is one directory, packed by tar. Its name is a hash of all that the directory depends on.
If the cache folder cannot be written, every run calls initdb.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from conformance.process.cache import cache_folder, last_used

if TYPE_CHECKING:
    from conformance.engines.local.account import Account
    from conformance.engines.local.installations import Installation

_PART = ".part"
_KEPT = 4
#: After so many seconds an unfinished file belongs to a killed run.
_ABANDONED = 3600.0


def place_of(
    installation: Installation, account: Account, *, made_with: tuple[object, ...]
) -> Path:
    """The path of the kept copy of a data directory; it need not exist.

    Args:
        account: the owner of the data directory.
        made_with: the options of initdb and of the server.
    """
    program = (installation.programs / "postgres").stat()
    what = (
        *(str(installation.programs), installation.version, program.st_size, program.st_mtime_ns),
        *(made_with, account.uid),
    )
    name = hashlib.sha256(repr(what).encode()).hexdigest()[:24]
    return cache_folder() / "clusters" / f"postgresql-{installation.major}-{name}.tar"


def unpack(kept: Path, account: Account, data: Path) -> bool:
    """Unpack the kept copy into the folder, if it exists; mark the copy as used now."""
    try:
        os.utime(kept)
        with kept.open("rb") as archive:
            done = _tar(["-xpf", "-"], account, data, stdin=archive)
    except OSError:
        return False
    return done and (data / "PG_VERSION").is_file()


def keep(kept: Path, account: Account, data: Path) -> None:
    """Keep a copy for the next run. Errors are ignored: the next run is only slower."""
    with suppress(OSError):
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            prefix=f"{kept.name}.", suffix=_PART, dir=kept.parent, delete=False
        ) as archive:
            part = Path(archive.name)
            try:
                if _tar(["-cf", "-", "."], account, data, stdout=archive):
                    part.replace(kept)
            finally:
                part.unlink(missing_ok=True)
        _prune(kept.parent)


def _prune(clusters: Path) -> None:
    """Remove all but the last used copies, and the unfinished files of killed runs."""
    by_use = sorted(clusters.iterdir(), key=last_used, reverse=True)
    whole = [path for path in by_use if path.suffix != _PART]
    unfinished = [path for path in by_use if path.suffix == _PART]
    for path in (*whole[_KEPT:], *filter(_is_abandoned, unfinished)):
        path.unlink(missing_ok=True)


def _is_abandoned(path: Path) -> bool:
    return time.time() - path.stat().st_mtime > _ABANDONED


def _tar(words: list[str], account: Account, folder: Path, **streams: IO[bytes]) -> bool:
    """Pack or unpack a folder as the server's user; return whether tar succeeded."""
    ends: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    done = subprocess.run(  # noqa: S603 - fixed words and a folder of ours
        ["tar", *words],  # noqa: S607 - wherever the system has it
        **account.of_a_process,
        **{**ends, **streams},
        cwd=folder,
        check=False,
    )
    return bool(done.returncode == 0)
