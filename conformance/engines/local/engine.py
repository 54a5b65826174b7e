"""The engine `local`: a temporary cluster of an installed PostgreSQL, without Docker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.engines.endings import call_at_end
from conformance.engines.local.account import server_account
from conformance.engines.local.choosing import Chosen, choose
from conformance.engines.local.cluster import Cluster
from conformance.engines.server.on_server import EngineOnServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class LocalEngine(EngineOnServer):
    """TimescaleDB on an installed PostgreSQL.

    Args:
        choice: which PostgreSQL, as in `--engine`: `local`, `local:17` or `local:FOLDER`, and
            optionally `@VERSION` of TimescaleDB.

    Raises:
        EngineUnavailable: PostgreSQL is not installed, or no user here may run it.
    """

    name = "local"

    def __init__(self, choice: str = "local") -> None:
        super().__init__()
        self._chosen = choose(choice)
        self._account = server_account()
        self._cluster: Cluster | None = None
        self._forget_cluster: Callable[[], None] | None = None

    @property
    def chosen(self) -> Chosen:
        """The PostgreSQL and the version of TimescaleDB."""
        return self._chosen

    @property
    def description(self) -> str:
        """Which PostgreSQL it is, and which user runs it if not the current one."""
        by = f" (run as user {self._account.name})" if self._account.name else ""
        return f"local PostgreSQL in {self._chosen.installation.programs}{by}"

    @property
    def programs(self) -> Path:
        """The folder of PostgreSQL's programs, such as `pg_dump`, in the version of the server."""
        return self._chosen.installation.programs

    def start(self) -> None:
        """Create the cluster, start its server and probe it.

        Raises:
            EngineUnavailable: the disk is full, or the server does not start.
            ServerUnsupported: the server has no supported TimescaleDB.
        """
        if self._cluster is not None:
            return
        self._forget_cluster = call_at_end(self.stop)
        self._cluster = Cluster(self._chosen, self._account)
        try:
            self._cluster.start()
            self._open(self._cluster.url, is_ours=True)
        except BaseException:
            self.stop()
            raise

    def restart(self) -> None:
        """Stop the server and start it again with its data, at the same URL.

        All connections to the server end.

        Raises:
            EngineUnavailable: the server does not stop or does not start again.
        """
        self._made().restart()

    def go_on_as(self, chosen: Chosen) -> None:
        """Restart the server with another installation that can read the same data.

        Raises:
            EngineUnavailable: the server does not stop, or the new one does not start.
        """
        self._chosen = chosen
        self._made().go_on_as(chosen)
        self._probe(is_ours=True)

    def crash(self, process: int | None = None) -> None:
        """Kill the server, or one of its processes, by SIGKILL, and wait until it has recovered.

        All connections to the server end. Committed transactions survive if their session had
        `synchronous_commit` on.

        Args:
            process: the process of a session, from `pg_backend_pid()`; None: all processes.

        Raises:
            EngineUnavailable: the server does not recover.
        """
        self._made().crash(process)

    def stop(self) -> None:
        """Stop the server and remove its data. May be called at any time, also twice."""
        if self._databases is not None:
            self._databases.abandon()
        super().stop()
        if self._cluster is not None:
            self._cluster.stop()
        self._cluster = None
        if self._forget_cluster is not None:
            self._forget_cluster()
            self._forget_cluster = None

    def _made(self) -> Cluster:
        if self._cluster is None:
            raise RuntimeError("the engine has not been started")
        return self._cluster
