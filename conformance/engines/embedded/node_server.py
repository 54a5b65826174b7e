"""A node process that serves one in-memory TimescaleDB."""

from __future__ import annotations

import atexit
import json
import os
import queue
import subprocess
import threading
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL

from conformance.engines.embedded.npm_packages import (
    NODE_SOURCES,
    node_environment,
    node_executable,
)
from conformance.errors import EngineUnavailable
from conformance.process.cache import cache_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_READY_SECONDS = 60.0
_SNAPSHOT_SECONDS = 60.0
#: Rewinding takes milliseconds, unless a client's query still runs.
_REWIND_SECONDS = 3.0
#: Long, because connecting waits for the running query of another connection.
_CONNECT_SECONDS = 60


class SnapshotDamagedError(Exception):
    """The server does not start from the snapshot: delete the snapshot and create it again."""


class SnapshotWriteError(Exception):
    """The snapshot cannot be written; the server keeps running."""


class NodeServer:
    """A node process. The constructor starts it; `wait_ready` waits until it is ready.

    It ends with this process at the latest.

    Args:
        packages: the folder with `node_modules`.
        snapshot: the state to start from; None: a new cluster.
        lock_wait: seconds that a statement waits for the transaction of another connection.

    Attributes:
        snapshot_loaded: the state that it booted from, to which `rewind` brings it back.
        lock_wait: as given.
        is_spent: whether `rewind` could not bring it back, so that it has to `load` a snapshot.
    """

    def __init__(
        self, packages: Path, snapshot: Path | None = None, lock_wait: float = 30.0
    ) -> None:
        self._parent = os.getpid()
        self.snapshot_loaded = snapshot
        self.lock_wait = lock_wait
        self.is_spent = False
        command = [
            str(node_executable()),
            str(NODE_SOURCES / "server.mjs"),
            *("--packages", str(packages)),
            *("--parent", str(self._parent)),
            *("--lock-wait", str(lock_wait)),
            *(("--load", str(snapshot)) if snapshot else ()),
        ]
        try:
            # A session of its own: Ctrl-C in the terminal must not reach node; we end it.
            self._process = subprocess.Popen(  # noqa: S603 - our own command, without a shell
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=node_environment(),
                text=True,
                errors="replace",
                start_new_session=True,
            )
        except OSError as error:
            raise EngineUnavailable(f"node does not start: {error}.") from error
        atexit.register(self.kill)
        self._answers: queue.Queue[str | None] = queue.Queue()
        self._complaints: deque[str] = deque(maxlen=50)
        self._port = 0
        self._threads = [
            _in_background(self._collect_answers),
            _in_background(self._collect_complaints),
        ]

    @property
    def pid(self) -> int:
        """The process id of node."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    @property
    def is_ready(self) -> bool:
        """Whether clients can connect."""
        return self._port != 0

    @property
    def can_load(self) -> bool:
        """Whether no boot is under way."""
        return self.is_ready or self.is_spent

    @property
    def url(self) -> URL:
        """The URL of the database, once it is ready."""
        return URL.create(
            "postgresql+psycopg2",
            username="postgres",
            host="127.0.0.1",
            port=self._port,
            database="postgres",
            query={
                "sslmode": "disable",
                "gssencmode": "disable",
                "connect_timeout": str(_CONNECT_SECONDS),
            },
        )

    def wait_ready(self) -> None:
        """Wait until clients can connect.

        Raises:
            SnapshotDamagedError: the server does not start from the snapshot.
            EngineUnavailable: the process ended, or is not ready in time.
        """
        if not self.is_ready:
            answer = self._answer(_READY_SECONDS)
            if "error" in answer:
                raise SnapshotDamagedError(f": {answer['error']}")
            self._port = answer["port"]

    def snapshot(self, path: Path) -> None:
        """Write the current state to `path`, atomically.

        Raises:
            SnapshotWriteError: the snapshot cannot be written, for example on a full disk.
            EngineUnavailable: the process ended.
        """
        command = json.dumps({"command": "snapshot", "path": str(path)})
        # Where the process has ended, the missing answer says why.
        with suppress(OSError):
            print(command, file=self._process.stdin, flush=True)
        answer = self._answer(_SNAPSHOT_SECONDS)
        if "error" in answer:
            raise SnapshotWriteError(answer["error"])

    def rewind(self) -> bool:
        """End all connections and bring the database back to what it was after the boot.

        Takes some hundredths of a second; a new start takes half a second. The URL changes.

        Returns:
            Whether the server is of further use. It `is_spent` if a library was loaded, which
            cannot be undone. End it if node has ended, or if a query still runs.
        """
        if os.getpid() != self._parent or not self.is_running:
            return False  # A fork of the process that started node leaves it alone.
        self._port = 0
        try:
            print(json.dumps({"command": "rewind"}), file=self._process.stdin, flush=True)
            answer = self._answer(_REWIND_SECONDS)
        except (OSError, EngineUnavailable, SnapshotDamagedError):
            return False
        self._port = answer.get("port", 0)
        self.is_spent = not self.is_ready
        return True

    def load(self, snapshot: Path) -> bool:
        """End all connections and boot from another snapshot; `wait_ready` waits until it has.

        Takes half as long as a new process, which has to load and compile its program first. The
        URL changes.

        Returns:
            Whether node has been told. If not, end the server.
        """
        self._port = 0
        self.snapshot_loaded, self.is_spent = snapshot, False
        with suppress(OSError):
            command = json.dumps({"command": "load", "path": str(snapshot)})
            print(command, file=self._process.stdin, flush=True)
            return True
        return False

    def kill(self) -> None:
        """Kill the process; its data are lost. May be called twice."""
        if os.getpid() != self._parent:
            return  # This is a fork of the process that started node.
        atexit.unregister(self.kill)
        self._process.kill()
        self._process.wait()
        for thread in self._threads:
            # They end with the pipes, unless a fork of ours holds those open.
            thread.join(timeout=1)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            # Closing writes what is left of a command, which the dead process never reads.
            with suppress(OSError):
                if stream is not None:
                    stream.close()

    def _answer(self, seconds: float) -> dict[str, Any]:
        try:
            line = self._answers.get(timeout=seconds)
        except queue.Empty:
            raise EngineUnavailable(
                f"The embedded TimescaleDB did not answer for {seconds:.0f} seconds{self._why()}.",
                "Check that the machine is not overloaded, and has 450 MB of free memory.",
            ) from None
        if line is None:
            raise self._ended()
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _ended(self) -> Exception:
        code = self._process.wait()
        self._threads[1].join()
        was_ready, was_killed = self._port != 0, code < 0
        if self.snapshot_loaded and not was_ready and not was_killed:
            return SnapshotDamagedError(self._why())
        if was_killed:
            return EngineUnavailable(
                f"The embedded TimescaleDB was ended by signal {-code}.",
                "If nobody did so, the machine has run out of memory: free 450 MB, and run this "
                "again.",
            )
        return EngineUnavailable(
            f"The embedded TimescaleDB ended with exit code {code}{self._why()}.",
            f"Check that 450 MB of memory are free. If so, delete {cache_folder()} and try again.",
        )

    def _why(self) -> str:
        return f": {self._complaints[-1]}" if self._complaints else ""

    def _collect_answers(self) -> None:
        for line in self._process.stdout or ():
            self._answers.put(line)
        self._answers.put(None)

    def _collect_complaints(self) -> None:
        lines = (line.strip() for line in self._process.stderr or ())
        self._complaints.extend(line for line in lines if line)


def _in_background(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread
