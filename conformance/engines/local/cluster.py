"""A temporary cluster: a data directory and its server."""

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

from conformance.engines.local import removal
from conformance.engines.local.data import environment, make_data, no_data, password_of
from conformance.engines.local.folders import new_folder, remove_leftovers, watch
from conformance.engines.local.programs import server_program
from conformance.engines.server.own_server import READY_TIMEOUT, error_line, why_not_ready
from conformance.errors import EngineUnavailable, LocalUnavailable

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.engines.local.account import Account
    from conformance.engines.local.choosing import Chosen

#: Below the ephemeral ports, which systems give to outgoing connections.
_PORTS = range(20000, 32000)
_HOST = "127.0.0.1"
_ATTEMPTS = 5
_TAKEN = "Address already in use"
_POLL_INTERVAL = 0.01


class Cluster:
    """A temporary cluster; `start` creates it, `stop` removes it.

    Args:
        chosen: the PostgreSQL and the version of TimescaleDB.
        account: the user that runs the server.
    """

    def __init__(self, chosen: Chosen, account: Account) -> None:
        self._chosen = chosen
        self._account = account
        self._folder: Path | None = None
        self._watchdog: subprocess.Popen[bytes] | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._port = 0
        self._password = ""

    @property
    def url(self) -> URL:
        """The URL of the server, with the password."""
        return URL.create(
            "postgresql+psycopg2",
            username="postgres",
            password=self._password,
            host=_HOST,
            port=self._port,
            database="postgres",
        )

    def start(self) -> None:
        """Create the data directory and start the server.

        Raises:
            EngineUnavailable: the disk is full, or the server does not start.
        """
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

    def restart(self) -> None:
        """Shut the server down cleanly and start it again, at the same port.

        Raises:
            EngineUnavailable: the server does not stop, or does not start again.
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

    def crash(self, process: int | None = None) -> None:
        """Kill all processes of the server, or one of them, and wait until it has recovered.

        Args:
            process: the process of a session; ignored if it belongs to another server. None: all.

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
        """Stop the server and remove the folder. May be called at any time, also twice."""
        if self._folder is None:
            return
        self._end_server()
        removal.remove(self._folder)
        if self._watchdog is not None:
            self._watchdog.kill()
            self._watchdog.communicate()
        self._folder = self._watchdog = self._server = None

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
        while (reason := why_not_ready(self.url, without=without)) is not None:
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
            raise RuntimeError("the server has not been started")
        return self._server

    def _made(self) -> Path:
        if self._folder is None:
            raise RuntimeError("the cluster has not been made")
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
