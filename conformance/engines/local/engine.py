"""An engine on a throwaway cluster of the PostgreSQL that is installed here: no Docker needed."""

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
        choice: which one, as `--engine` has it: `local`, `local:17`, `local:FOLDER`, each with
            `@VERSION` of TimescaleDB behind it or without.

    Raises:
        EngineUnavailable: it is not installed, or nobody here may run it.
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
        """Which PostgreSQL, and which TimescaleDB."""
        return self._chosen

    @property
    def description(self) -> str:
        """Which PostgreSQL it is, and who runs it where that is not the user who asks."""
        by = f" (run as user {self._account.name})" if self._account.name else ""
        return f"local PostgreSQL in {self._chosen.installation.programs}{by}"

    @property
    def programs(self) -> Path:
        """The folder of `pg_dump` and the like, of the server's own version."""
        return self._chosen.installation.programs

    def start(self) -> None:
        """Make the cluster, start its server and probe it.

        Raises:
            EngineUnavailable: there is no room, or the server does not start.
            ServerUnsupported: the server has no TimescaleDB that can be checked.
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
        """Stop the server and start it again, with its data and at the same URL.

        All connections to it end.

        Raises:
            EngineUnavailable: the server does not stop or does not come back.
        """
        self._made().restart()

    def go_on_as(self, chosen: Chosen) -> None:
        """Restart the server as that of another installation of the same PostgreSQL.

        Raises:
            EngineUnavailable: the server does not stop, or the other one does not start.
        """
        self._chosen = chosen
        self._made().go_on_as(chosen)
        self._probe(is_ours=True)

    def crash(self, process: int | None = None) -> None:
        """Kill the server by SIGKILL, or one process of it, and wait until it has recovered.

        All connections to it end. What was committed before is there afterwards if its session
        had `synchronous_commit` on.

        Args:
            process: the process of a session, as `pg_backend_pid()` gives it.

        Raises:
            EngineUnavailable: the server does not come back.
        """
        self._made().crash(process)

    def stop(self) -> None:
        """End the server and remove its data. May be called at any time, also twice."""
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
