"""The cache folder."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout
from platformdirs import user_cache_path

from conformance.errors import EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The environment variable that names another cache folder.
CACHE_VARIABLE = "TIMESCALEDB_CONFORMANCE_CACHE"

_LOCK_SECONDS = 600


def cache_folder() -> Path:
    """The folder for data that is kept between runs; the folder may not exist yet."""
    override = os.environ.get(CACHE_VARIABLE)
    return Path(override) if override else user_cache_path("timescaledb-conformance")


@contextmanager
def cache_lock(target: Path) -> Iterator[None]:
    """One process at a time makes `target`, a file or folder of the cache.

    Raises:
        EngineUnavailable: the folder cannot be written, or another process never finishes.
    """
    lock = FileLock(target.with_name(f"{target.name}.lock"), timeout=_LOCK_SECONDS)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise EngineUnavailable(
            f"Another process has been making {target} for {_LOCK_SECONDS} seconds.",
            f"End it, or set {CACHE_VARIABLE} to another folder.",
        ) from error
    except OSError as error:
        raise unwritable_cache(error) from error
    try:
        yield
    finally:
        # While it is held: whoever waits for it then notices, and takes a new one.
        with suppress(OSError):
            Path(lock.lock_file).unlink(missing_ok=True)
        lock.release()


def unwritable_cache(error: OSError) -> EngineUnavailable:
    """The error for a cache folder that refuses to be written."""
    return EngineUnavailable(
        f"The cache folder cannot be written: {error}.",
        f"Set {CACHE_VARIABLE} to a folder that can be written and has 200 MB to spare.",
    )
