"""The cache of database states that a server can start from."""

from __future__ import annotations

import hashlib
import os
import time
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING

from conformance.engines.embedded.npm_packages import NODE_SOURCES

if TYPE_CHECKING:
    from pathlib import Path

_KEPT = 10
_SUFFIX = ".snapshot"
#: After this many seconds an unfinished file or a lock is what a killed writer left behind.
_ABANDONED_SECONDS = 3600


def build_key() -> str:
    """A hash of the server: its packages and its sources. Snapshots fit one such build."""
    digest = hashlib.sha256()
    for path in sorted(NODE_SOURCES.iterdir()):
        if path.is_file():
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


class SnapshotCache:
    """Files named by what is in them, in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._build = build_key()

    def path(self, name: str, key: str) -> Path:
        """Where the state `key` is or will be kept, for this build of the server."""
        digest = hashlib.sha256(f"{self._build}\0{name}\0{key}".encode()).hexdigest()[:24]
        return self._folder / f"{name}-{digest}{_SUFFIX}"

    def use(self, path: Path) -> bool:
        """Whether the snapshot is there; if so it counts as used now."""
        try:
            os.utime(path)
        except FileNotFoundError:
            return False
        except OSError:
            pass  # A cache that cannot be written can still be read.
        return path.exists()

    def prune(self) -> None:
        """Delete all but the last used ones, and what killed writers left behind."""
        snapshots = sorted(self._folder.glob(f"*{_SUFFIX}"), key=_modified, reverse=True)
        abandoned = [
            path
            for path in chain(self._folder.glob("*.part"), self._folder.glob("*.lock"))
            if time.time() - _modified(path) > _ABANDONED_SECONDS
        ]
        for path in snapshots[_KEPT:] + abandoned:
            discard(path)


def discard(path: Path) -> None:
    """Delete a snapshot and what belongs to it; missing ones are fine."""
    for file in (path, path.with_suffix(".json")):
        # One that stays, another user's perhaps, costs space only.
        with suppress(OSError):
            file.unlink(missing_ok=True)


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
