"""The cache folder."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout
from platformdirs import user_cache_path

from conformance.errors import EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: The environment variable that names another cache folder.
CACHE_VARIABLE = "TIMESCALEDB_CONFORMANCE_CACHE"

_LOCK_SECONDS = 600
#: Seconds by which the clock of a file system may be ahead.
_SKEW = 60


def cache_folder() -> Path:
    """The folder for data that is kept between runs; the folder may not exist yet."""
    override = os.environ.get(CACHE_VARIABLE)
    return Path(override) if override else user_cache_path("timescaledb-conformance")


@contextmanager
def cache_lock(target: Path) -> Iterator[None]:
    """Let one process at a time create `target`, a file or folder of the cache.

    Raises:
        EngineUnavailable: the folder is not writable, or another process does not finish.
    """
    lock = FileLock(target.with_name(f"{target.name}.lock"), timeout=_LOCK_SECONDS)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise EngineUnavailable(
            f"Another process has been creating {target} for {_LOCK_SECONDS} seconds.",
            f"End that process, or set {CACHE_VARIABLE} to another folder.",
        ) from error
    except OSError as error:
        raise unwritable_cache(error) from error
    with _unlinked_in_the_end(lock):
        yield


def unless_locked(target: Path, work: Callable[[], object]) -> None:
    """Do the work, unless a process is creating `target`."""
    lock = FileLock(target.with_name(f"{target.name}.lock"), timeout=0)
    try:
        lock.acquire()
    except (Timeout, OSError):
        return
    with _unlinked_in_the_end(lock):
        work()


@contextmanager
def _unlinked_in_the_end(lock: FileLock) -> Iterator[None]:
    """Release a held lock, and unlink its file before: a waiting process locks a new file."""
    file, own = Path(lock.lock_file), None
    with suppress(OSError):
        own = file.stat().st_ino
    try:
        yield
    finally:
        with suppress(OSError):
            # If somebody has deleted the file, another process may hold a new one.
            if file.stat().st_ino == own:
                file.unlink()
        lock.release()


def unwritable_cache(error: OSError) -> EngineUnavailable:
    """The error for a cache folder that is not writable."""
    return EngineUnavailable(
        f"The cache folder cannot be written: {error}.",
        f"Set {CACHE_VARIABLE} to a writable folder with 200 MB of free space.",
    )


def last_used(path: Path) -> float:
    """When the file was last used, to keep the newest ones; 0 if it is gone.

    A time in the future is of a clock that has been set back, and counts as 0: otherwise what that
    clock has left would push out all that is made now.
    """
    try:
        modified = path.stat().st_mtime
    except OSError:
        return 0.0
    return 0.0 if modified > time.time() + _SKEW else modified
