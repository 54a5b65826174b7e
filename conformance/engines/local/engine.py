"""The engine `local`: a temporary cluster of an installed PostgreSQL, without Docker."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from sqlalchemy import URL

from conformance.engines.endings import call_at_end
from conformance.engines.local import removal
from conformance.engines.local.account import server_account
from conformance.engines.local.choosing import Chosen, choose
from conformance.engines.local.data import environment, make_data, no_data, password_of
from conformance.engines.local.folders import new_folder, remove_leftovers, watch
from conformance.engines.local.programs import server_program
from conformance.engines.server.on_server import EngineOnServer
from conformance.engines.server.own_server import READY_TIMEOUT, error_line, why_not_ready
from conformance.errors import EngineUnavailable, LocalUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: Below the ephemeral ports, which systems give to outgoing connections.
_PORTS = range(20000, 32000)
_HOST = "127.0.0.1"
_ATTEMPTS = 5
_TAKEN = "Address already in use"
_POLL_INTERVAL = 0.01


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
        self._forget_server: Callable[[], None] | None = None
        self._folder: Path | None = None
        self._watchdog: subprocess.Popen[bytes] | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._port = 0
        self._password = ""

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
        """Create the data directory, start the server and probe it.

        Raises:
            EngineUnavailable: the disk is full, or the server does not start.
            ServerUnsupported: the server has no supported TimescaleDB.
        """
        if self._forget_server is not None:
            return
        self._forget_server = call_at_end(self.stop)
        try:
            self._start_server()
            self._open(self._url, is_ours=True)
        except BaseException:
            self.stop()
            raise

    def restart(self) -> None:
        """Shut the server down and start it again with its data, at the same URL.

        All connections to the server end.

        Raises:
            EngineUnavailable: the server does not stop or does not start again.
        """
        server = self._running()
        server.send_signal(signal.SIGINT)
        try:
            server.wait(READY_TIMEOUT)
        except subprocess.TimeoutExpired:
            raise EngineUnavailable(
                f"The server does not stop within {READY_TIMEOUT} s.",
                "Run this again when the machine is less busy.",
            ) from None
        self._launch()

    def go_on_as(self, chosen: Chosen) -> None:
        """Restart the server with another installation that can read the same data.

        Raises:
            EngineUnavailable: the server does not stop, or the new one does not start.
        """
        self._chosen = chosen
        self.restart()
        self._probe(is_ours=True)

    def crash(self, process: int | None = None) -> None:
        """Kill the server, or one of its processes, by SIGKILL, and wait until it has recovered.

        All connections to the server end. Committed transactions survive if their session had
        `synchronous_commit` on.

        Args:
            process: the process of a session, from `pg_backend_pid()`; ignored if it belongs to
                another server. None: all processes.

        Raises:
            EngineUnavailable: the server does not recover.
        """
        server = self._running()
        if process is None:
            removal.kill(server.pid)
            server.wait()
            self._launch()
            return
        if any((server.pid, process) == (one.parent, one.pid) for one in removal.processes()):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self._await_answer(without=process)

    def stop(self) -> None:
        """Stop the server and remove its data. May be called at any time, also twice."""
        if self._databases is not None:
            self._databases.abandon()
        super().stop()
        if self._folder is not None:
            self._end_server()
            removal.remove(self._folder)
        if self._watchdog is not None:
            self._watchdog.kill()
            self._watchdog.communicate()
        self._folder = self._watchdog = self._server = None
        if self._forget_server is not None:
            self._forget_server()
            self._forget_server = None

    @property
    def _url(self) -> URL:
        """The URL of the server, with the password."""
        return URL.create(
            "postgresql+psycopg2",
            username="postgres",
            password=self._password,
            host=_HOST,
            port=self._port,
            database="postgres",
        )

    def _start_server(self) -> None:
        remove_leftovers()
        try:
            self._folder = new_folder(self._account)
        except OSError as error:
            raise no_data(error) from None
        self._watchdog = watch(self._folder)
        kept = make_data(self._chosen.installation, self._account, self._folder)
        try:
            self._start_on_data()
        except EngineUnavailable:
            if kept is None:
                raise
            # The kept data directory may be damaged.
            kept.unlink(missing_ok=True)
            self._end_server()
            make_data(self._chosen.installation, self._account, self._folder)
            self._start_on_data()

    def _end_server(self) -> None:
        removal.end_servers(self._made())
        if self._server is not None:
            self._server.wait()

    def _start_on_data(self) -> None:
        self._password = password_of(self._made())
        for attempt in range(_ATTEMPTS):
            self._port = _free_port()
            try:
                return self._launch()
            except EngineUnavailable as error:
                # Another program has taken the port in the meantime.
                if _TAKEN not in error.problem or attempt == _ATTEMPTS - 1:
                    raise
        return None

    def _launch(self) -> None:
        """Start the server and wait until it is ready."""
        folder = self._made()
        program = server_program(self._chosen, folder)
        with (folder / "log").open("ab") as log, self._account.starting(program):
            # A session of its own: Ctrl-C in the terminal must not reach the server; we stop it.
            self._server = subprocess.Popen(  # noqa: S603 - our own command, without a shell
                # The data directory comes last: `removal.servers` recognises this end.
                [str(program), "-c", f"port={self._port}", "-D", str(folder / removal.DATA)],
                **self._account.of_a_process,
                cwd=folder,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._await_start()

    def _await_start(self) -> None:
        """Wait until postmaster.pid says that the server is ready."""
        deadline = time.monotonic() + READY_TIMEOUT
        server = self._running()
        while not _is_ready(self._made() / removal.DATA, server.pid):
            if server.poll() is not None:
                raise self._failed("ended while starting")
            if time.monotonic() > deadline:
                raise self._failed(f"is not ready after {READY_TIMEOUT} s")
            time.sleep(_POLL_INTERVAL)

    def _await_answer(self, *, without: int) -> None:
        deadline = time.monotonic() + READY_TIMEOUT
        while (reason := why_not_ready(self._url, without=without)) is not None:
            if time.monotonic() > deadline or self._running().poll() is not None:
                raise self._failed(f"does not recover ({reason})")
            time.sleep(_POLL_INTERVAL)

    def _failed(self, what: str) -> EngineUnavailable:
        try:
            log = (self._made() / "log").read_text(errors="replace")
        except OSError:
            log = ""
        return LocalUnavailable(
            f"The server of {self._chosen.installation} {what}; its log says: "
            f"{error_line(log).rstrip('.')}.",
            "Correct what the log names, use another PostgreSQL with --engine local:FOLDER",
        )

    def _running(self) -> subprocess.Popen[bytes]:
        if self._server is None:
            raise RuntimeError("the engine has not been started")
        return self._server

    def _made(self) -> Path:
        assert self._folder is not None, "a server has a folder"
        return self._folder


def _is_ready(data: Path, pid: int) -> bool:
    """Whether postmaster.pid says so (PostgreSQL, src/include/utils/pidfile.h)."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    first, last = 0, 7
    return len(lines) > last and lines[first] == str(pid) and lines[last].strip() == "ready"


def _free_port() -> int:
    for _ in range(100):
        port = random.choice(_PORTS)  # noqa: S311 - no secret
        with suppress(OSError), socket.create_server((_HOST, port)):
            return port
    raise LocalUnavailable(
        f"No port from {_PORTS.start} to {_PORTS.stop} is free.", "Stop programs that use them"
    )
