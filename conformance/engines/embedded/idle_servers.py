"""Servers between two uses.

Starting one takes half a second, loading another snapshot half of that, and rewinding some
hundredths of a second.
"""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conformance.engines.embedded.node_server import NodeServer


class IdleServers:
    """Servers in the state of their snapshots, or ready to load another; the last used last.

    Attributes:
        most: how many are kept; each takes the memory of one in use.
    """

    most = 2

    def __init__(self) -> None:
        self._servers: list[NodeServer] = []
        self._asked_for: Counter[Path | None] = Counter()
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
        """A running server with the snapshot, which is kept no longer; else None.

        `NodeServer.wait_ready` waits until the server has loaded the snapshot.
        """
        with self._lock:
            self._asked_for[snapshot] += 1
            if found := self._find(snapshot, lock_wait):
                self._servers.remove(found)
            elif snapshot and (found := self._to_spare(lock_wait)):
                self._servers.remove(found)
                if not found.load(snapshot):
                    found.kill()
                    return None
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

    def _to_spare(self, lock_wait: float) -> NodeServer | None:
        """The server that will be missed least; None if all may be taken again."""
        ready = [
            server
            for server in self._servers
            if server.lock_wait == lock_wait and server.can_load and server.is_running
        ]
        spent = [server for server in ready if server.is_spent]
        once = [server for server in ready if self._asked_for[server.snapshot_loaded] == 1]
        # Of too many the oldest would be ended next.
        surplus = ready if len(self._servers) >= self.most else []
        return next(iter((*spent, *once, *surplus)), None)

    def _find(self, snapshot: Path | None, lock_wait: float) -> NodeServer | None:
        return next(
            (
                server
                for server in self._servers
                if (server.snapshot_loaded, server.lock_wait) == (snapshot, lock_wait)
                and server.is_running
                and not server.is_spent
            ),
            None,
        )
