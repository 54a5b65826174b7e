"""The cache of snapshots: database states that a server can start from."""

from __future__ import annotations

import hashlib
import os
import time
from contextlib import suppress
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from conformance.engines.embedded.npm_packages import NODE_SOURCES, node_version
from conformance.process.cache import last_used, unless_locked

if TYPE_CHECKING:
    from pathlib import Path

_KEPT = 10
_SUFFIX = ".snapshot"
#: After this many seconds an unfinished file or a lock belongs to a killed process.
_ABANDONED_SECONDS = 3600


def build_key() -> str:
    """A hash of the server's packages and sources, and of node. A snapshot fits one such build."""
    digest = hashlib.sha256(node_version().encode())
    for path in sorted(NODE_SOURCES.iterdir()):
        if path.is_file():
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


class SnapshotCache:
    """Snapshots in `folder`, each named by a hash of everything that it depends on.

    Attributes:
        build: a hash of the server's code.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.build = build_key()

    def path(self, name: str, key: str) -> Path:
        """The path of the snapshot for this key and this build; it need not exist."""
        digest = hashlib.sha256(f"{self.build}\0{name}\0{key}".encode()).hexdigest()[:24]
        return self._folder / f"{name}-{digest}{_SUFFIX}"

    def use(self, path: Path) -> bool:
        """Whether the snapshot exists; marks it as used now."""
        try:
            os.utime(path)
        except FileNotFoundError:
            return False
        except OSError:
            pass  # A cache that cannot be written can still be read.
        return path.exists()

    def prune(self) -> None:
        """Delete all but the last used snapshots, and the files of killed processes."""
        snapshots = sorted(self._folder.glob(f"*{_SUFFIX}"), key=last_used, reverse=True)
        for path in snapshots[_KEPT:]:
            discard(path)
        for path in chain(self._folder.glob("*.part"), self._folder.glob("*.lock")):
            if _is_abandoned(path):
                # A clock that has jumped makes everything look old.
                snapshot = path.with_name(path.name.partition(_SUFFIX)[0] + _SUFFIX)
                unless_locked(snapshot, partial(discard, path))


def discard(path: Path) -> None:
    """Delete a snapshot and its JSON file, if they exist."""
    for file in (path, path.with_suffix(".json")):
        # A file that cannot be deleted, perhaps another user's, only costs space.
        with suppress(OSError):
            file.unlink(missing_ok=True)


def remove_unfinished(path: Path) -> None:
    """Delete what killed runs have left of the snapshot, while nobody else may write it."""
    for part in path.parent.glob(f"{path.name}.*.part"):
        discard(part)


def _is_abandoned(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > _ABANDONED_SECONDS
    except OSError:
        return False
