"""TimescaleDB compiled to WebAssembly and run by node: needs neither a server nor Docker.

Every database is a process of its own that keeps its data in memory. The process starts from a
snapshot of a data directory. Later runs on the same machine reuse the snapshots.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import TYPE_CHECKING

from sqlalchemy import NullPool, create_engine, text

from conformance.comparing.capabilities import Capabilities, Server
from conformance.engines.embedded.idle_servers import IdleServers
from conformance.engines.embedded.node_server import (
    NodeServer,
    SnapshotDamagedError,
    SnapshotWriteError,
)
from conformance.engines.embedded.npm_packages import installed_packages, keep_code
from conformance.engines.embedded.snapshots import SnapshotCache, discard, remove_unfinished
from conformance.engines.probing import probe
from conformance.errors import EngineUnavailable
from conformance.process.cache import (
    CACHE_VARIABLE,
    cache_folder,
    cache_lock,
    unwritable_cache,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import URL

    from conformance.engines.base import Template

_log = logging.getLogger(__name__)

#: Creating and using a snapshot takes two attempts; more only if another process deletes it.
_ATTEMPTS = 3


class EmbeddedEngine:
    """The engine that runs wherever Python runs.

    Args:
        lock_wait: seconds that a statement waits for the transaction of another connection before
            it fails; all connections of a database share one session.
        idle: where the servers wait for the next database; None: in a place of this engine alone.
    """

    name = "embedded"

    def __init__(self, *, lock_wait: float = 30.0, idle: IdleServers | None = None) -> None:
        self._lock_wait = lock_wait
        self._cache = cache_folder()
        self._snapshots = SnapshotCache(self._cache / "snapshots")
        self._empty = self._snapshots.path("empty", "")
        self._facts: tuple[Server, Capabilities] | None = None
        self._running: set[NodeServer] = set()
        self._idle = IdleServers() if idle is None else idle
        self._lock = threading.Lock()

    @property
    def description(self) -> str:
        """What the engine is and where it runs, for messages."""
        return "embedded TimescaleDB (WebAssembly in node, in memory)"

    @property
    def server(self) -> Server:
        """Versions and edition; the engine must have been started."""
        return self._probed()[0]

    @property
    def capabilities(self) -> Capabilities:
        """What the server can do; the engine must have been started."""
        return self._probed()[1]

    @property
    def build(self) -> str:
        """A hash of the packages and of node."""
        return self._snapshots.build

    def start(self) -> None:
        """Install the packages and create the empty snapshot, unless the cache has them.

        Raises:
            EngineUnavailable: node is missing, the network fails, or the cache cannot be written.
        """
        if self._facts is not None:
            return
        installed_packages(self._cache)
        self._facts = self._read_facts()
        if self._facts is None:
            with cache_lock(self._empty):
                self._facts = self._read_facts() or self._create_cluster()

    @contextmanager
    def database(self, template: Template | None = None) -> Iterator[URL]:
        """A new process with a database, empty or in the state of the template."""
        self.start()
        server = self._launch_empty() if template is None else self._launch_prepared(template)
        try:
            yield server.url
        finally:
            self._give_back(server)

    def anticipate(self, template: Template) -> None:
        """Start a process from the snapshot of the template, if it exists; do not wait."""
        snapshot = self._snapshots.path(template.name, template.key)
        with suppress(EngineUnavailable):
            if not self._idle.has(snapshot, self._lock_wait) and self._snapshots.use(snapshot):
                self._idle.put(self._begin(snapshot))

    @property
    def server_url(self) -> None:
        """None: each database is a node process of its own."""
        return

    def use(self, version: str) -> None:
        """Do nothing: the engine has one version only."""

    def restart(self) -> None:
        """Raise NotImplementedError: a restarted process would lose its data."""
        raise NotImplementedError

    def stop(self) -> None:
        """End all node processes."""
        with self._lock:
            servers = list(self._running)
        for server in servers:
            self._end(server)
        self._idle.end()

    def _launch_empty(self) -> NodeServer:
        def make() -> None:
            self._facts = self._create_cluster()

        return self._launch_from(self._empty, make)

    def _launch_prepared(self, template: Template) -> NodeServer:
        snapshot = self._snapshots.path(template.name, template.key)
        return self._launch_from(snapshot, lambda: self._prepare(template, snapshot))

    def _launch_from(self, snapshot: Path, make: Callable[[], NodeServer | None]) -> NodeServer:
        """Start a server from the snapshot; create the snapshot if it is missing or damaged.

        `make` creates the snapshot, and may return a server in the same state.
        """
        for _ in range(_ATTEMPTS):
            if self._snapshots.use(snapshot):
                try:
                    return self._launch(snapshot)
                except SnapshotDamagedError as error:
                    _log.warning("The damaged snapshot %s is created again%s", snapshot, error)
                    discard(snapshot)
            with cache_lock(snapshot):
                if not self._snapshots.use(snapshot) and (server := make()):
                    return server
        raise EngineUnavailable(
            f"The embedded TimescaleDB cannot start from the snapshot {snapshot}.",
            "Delete the snapshot and try again.",
        )

    def _prepare(self, template: Template, snapshot: Path) -> NodeServer:
        remove_unfinished(snapshot)
        server = self._launch_empty()
        try:
            template.prepare(server.url)
            server.snapshot(snapshot)
        except SnapshotWriteError as error:
            _log.warning(
                "The snapshot %r cannot be kept for the next run: %s", template.name, error
            )
        except BaseException:
            self._end(server)
            raise
        self._snapshots.prune()
        return server

    def _launch(self, snapshot: Path | None) -> NodeServer:
        server = self._idle.take(snapshot, self._lock_wait) or self._begin(snapshot)
        with self._lock:
            self._running.add(server)
        try:
            server.wait_ready()
        except BaseException:
            self._end(server)
            raise
        return server

    def _begin(self, snapshot: Path | None) -> NodeServer:
        return NodeServer(installed_packages(self._cache), snapshot, self._lock_wait)

    def _give_back(self, server: NodeServer) -> None:
        """Keep the server for the next database from its snapshot, or end it."""
        if server.snapshot_loaded is None or not server.rewind():
            self._end(server)
            return
        with self._lock:
            self._running.discard(server)
        self._idle.put(server)

    def _end(self, server: NodeServer) -> None:
        server.kill()
        with self._lock:
            self._running.discard(server)

    def _probed(self) -> tuple[Server, Capabilities]:
        if self._facts is None:
            raise RuntimeError("the embedded engine has not been started")
        return self._facts

    def _read_facts(self) -> tuple[Server, Capabilities] | None:
        """The kept result of probing this build; None if the cache does not have it."""
        if not self._snapshots.use(self._empty):
            return None
        try:
            facts = json.loads(self._facts_file.read_text("utf-8"))
            return Server(**facts["server"]), Capabilities(**facts["capabilities"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _create_cluster(self) -> tuple[Server, Capabilities]:
        """Create the empty snapshot from a new cluster, then probe the cluster."""
        remove_unfinished(self._empty)
        server = self._launch(None)
        try:
            server.snapshot(self._empty)
            keep_code(installed_packages(self._cache), self._empty)
            facts = _probe_with_extension(server.url)
        except SnapshotWriteError as error:
            raise EngineUnavailable(
                f"The snapshot of the embedded TimescaleDB cannot be written: {error}.",
                f"Free disk space, or set {CACHE_VARIABLE} to another folder.",
            ) from error
        finally:
            self._end(server)
        document = {"server": asdict(facts[0]), "capabilities": asdict(facts[1])}
        _write_atomically(self._facts_file, json.dumps(document, indent=1))
        return facts

    @property
    def _facts_file(self) -> Path:
        return self._empty.with_suffix(".json")


def _probe_with_extension(url: URL) -> tuple[Server, Capabilities]:
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("CREATE EXTENSION timescaledb"))
    return probe(url)


def _write_atomically(path: Path, content: str) -> None:
    temporary = path.with_suffix(f".{os.getpid()}.part")
    try:
        temporary.write_text(content, "utf-8")
        temporary.replace(path)
    except OSError as error:
        raise unwritable_cache(error) from error
