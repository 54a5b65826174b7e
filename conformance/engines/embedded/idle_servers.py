"""Servers between two uses: starting one takes half a second, and rewinding some hundredths."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conformance.engines.embedded.node_server import NodeServer


class IdleServers:
    """Servers that are in the state of their snapshots, the last used last.

    Attributes:
        most: how many are kept; each takes the memory of one in use.
    """

    most = 2

    def __init__(self) -> None:
        self._servers: list[NodeServer] = []
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[NodeServer]:
        """Those that wait, the last used last."""
        return iter(tuple(self._servers))

    def put(self, server: NodeServer) -> None:
        """Keep the server; end those that are too many."""
        with self._lock:
            self._servers.append(server)
            surplus = self._servers[: -self.most]
            del self._servers[: -self.most]
        for old in surplus:
            old.kill()

    def take(self, snapshot: Path | None, lock_wait: float) -> NodeServer | None:
        """A running server in the state of the snapshot, which is kept no longer; else None."""
        with self._lock:
            found = self._find(snapshot, lock_wait)
            if found is not None:
                self._servers.remove(found)
            return found

    def has(self, snapshot: Path, lock_wait: float) -> bool:
        """Whether `take` returns a server."""
        with self._lock:
            return self._find(snapshot, lock_wait) is not None

    def end(self) -> None:
        """End all of them."""
        with self._lock:
            servers = list(self._servers)
            self._servers.clear()
        for server in servers:
            server.kill()

    def _find(self, snapshot: Path | None, lock_wait: float) -> NodeServer | None:
        return next(
            (
                server
                for server in self._servers
                if (server.snapshot_loaded, server.lock_wait) == (snapshot, lock_wait)
                and server.is_running
            ),
            None,
        )
