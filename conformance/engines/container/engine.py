"""An engine in a Docker container of its own: a fresh server, its data in memory."""

from __future__ import annotations

import secrets
import time
from contextlib import contextmanager, suppress
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import docker.errors
from sqlalchemy import URL
from testcontainers.core.config import ConnectionMode, testcontainers_config
from testcontainers.core.container import DockerContainer

from conformance.engines.container import daemon
from conformance.engines.container.image import DEFAULT_IMAGE
from conformance.engines.endings import call_at_end
from conformance.engines.server.on_server import EngineOnServer
from conformance.engines.server.own_server import (
    NO_SPACE,
    READY_TIMEOUT,
    SETTINGS,
    telling_line,
    why_not_ready,
)
from conformance.errors import ContainerUnavailable, EngineUnavailable
from conformance.process.identity import this_process
from conformance.process.progress import unwatched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from conformance.engines.container.volumes import Volume
    from conformance.process.progress import Progress

_POLL_INTERVAL = 0.1
_PORT = 5432
_LOOPBACK = "127.0.0.1"

#: The container's first process: PostgreSQL as the image starts it, and once more after each
#: `restart`. Were PostgreSQL the first process itself, stopping it would end the container, and
#: the data in memory and the port on the host with it.
_RESTARTABLE = 'while "$@"; [ -e /tmp/restart ]; do rm -f /tmp/restart; done'
#: pg_ctl must not wait itself: it would take the next server, up within moments, for the old one.
_RESTART = (
    'touch /tmp/restart && pg_ctl stop -D "$PGDATA" -m fast -W'
    " && timeout 30 sh -c 'while [ -e /tmp/restart ]; do sleep 0.1; done'"
)
#: Without waiting: with the server the container ends, and with it what waits there.
_SHUT_DOWN = 'pg_ctl stop -D "$PGDATA" -m fast -W'

#: All processes but the container's first and this shell die at the same moment: one that lived on
#: would keep the shared memory, and the next server from starting.
_CRASH = (
    "touch /tmp/restart && kill -9 -1"
    "; timeout 30 sh -c 'until pg_isready --quiet; do touch /tmp/restart; sleep 0.1; done'"
    "; rm -f /tmp/restart"
)


class ContainerEngine(EngineOnServer):
    """TimescaleDB in a container.

    Args:
        image: an image that keeps the contract of the official PostgreSQL image.
        progress: told when an image has to be pulled first.
        volume: where the data are, and stay when the container ends; None: in memory.
    """

    name = "container"

    def __init__(
        self,
        image: str | None = None,
        progress: Progress = unwatched,
        volume: Volume | None = None,
    ) -> None:
        super().__init__()
        self._volume = volume
        self._given_image = image or DEFAULT_IMAGE
        self.image = testcontainers_config.hub_image_name_prefix + self._given_image
        self._progress = progress
        self._label = ""
        self._container: DockerContainer | None = None
        self._forget_container: Callable[[], None] | None = None
        self._password = volume.password if volume else secrets.token_urlsafe(16)

    @property
    def description(self) -> str:
        """Which image the container is of."""
        return f"container of {self.image}"

    def obtain_image(self, *, hurry: bool = False) -> None:
        """Have the image at hand; pull it if it is not.

        Args:
            hurry: give up soon where a pull does not begin, since there is another engine.

        Raises:
            EngineUnavailable: no Docker daemon answers, or the image cannot be pulled.
        """
        first_word = daemon.FIRST_WORD_TIMEOUT if hurry else None
        daemon.obtain_image(self.image, self._progress, first_word)

    def start(self) -> None:
        """Start the container, wait for the server and probe it.

        Raises:
            EngineUnavailable: no daemon, no image, or the server does not get ready.
            ServerUnsupported: the image has no TimescaleDB that can be checked.
        """
        if self._container is not None:
            return
        self.obtain_image()
        self._label = f"{this_process()}/{secrets.token_hex(4)}"
        self._forget_container = call_at_end(self.stop)
        try:
            with daemon.explained():
                self._run()
                self._await_server()
            self._open(self._url(), is_ours=True)
        except BaseException:
            self.stop()
            raise

    def restart(self) -> None:
        """Stop the server and start it again, with its data and at the same URL.

        All connections to it end.

        Raises:
            EngineUnavailable: the server does not stop or does not come back.
        """
        with daemon.explained():
            result = self._wrapped().exec_run(["sh", "-c", _RESTART], user="postgres")
        if result.exit_code:
            words = " ".join(result.output.decode(errors="replace").split())
            raise EngineUnavailable(
                f"The server in the {self.description} cannot be stopped: {words}",
                "Look at the container's log.",
            )
        with daemon.explained():
            self._await_server()

    def crash(self, process: int | None = None) -> None:
        """Kill the server by SIGKILL, or one process of it, and wait until it has recovered.

        All connections to it end. What was committed before is there afterwards if its session
        had `synchronous_commit` on.

        Args:
            process: the process of a session, as `pg_backend_pid()` gives it.

        Raises:
            EngineUnavailable: the server does not come back.
        """
        command = _CRASH if process is None else f"kill -9 {process}"
        with daemon.explained():
            self._wrapped().exec_run(["sh", "-c", command], user="root")
            self._await_server(without=process)

    def stop(self) -> None:
        """Remove the container, its data with it. May be called at any time, also twice."""
        if self._forget_container is None:
            return
        if self._databases is not None:
            self._databases.abandon()
            if self._volume is not None:
                self._shut_down()
        super().stop()
        # Where the daemon has gone its containers went along; one that stayed is an orphan, which
        # the next start removes.
        with suppress(EngineUnavailable), daemon.daemon(READY_TIMEOUT) as client:
            # By label rather than by handle: an interrupt may have lost the handle.
            for container in daemon.containers_of_ours(client, self._label):
                daemon.remove(container)
        if self._container is not None:
            self._container.get_docker_client().client.close()
        self._forget_container()
        self._container = self._forget_container = None

    def run(self, command: Sequence[str], environment: dict[str, str]) -> tuple[int, str]:
        """Run a command in the container as the server's user: its exit code and all it says."""
        with daemon.explained():
            result = self._wrapped().exec_run(command, user="postgres", environment=environment)
        return result.exit_code, result.output.decode(errors="replace")

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the server for other containers of the same network."""
        container = self._wrapped()
        with daemon.explained():
            container.reload()
        networks = container.attrs["NetworkSettings"]["Networks"].values()
        return next(network["IPAddress"] for network in networks), _PORT

    def _shut_down(self) -> None:
        """End the server in good order, for the next one on the same data."""
        with suppress(EngineUnavailable), daemon.explained():
            self._wrapped().exec_run(["sh", "-c", _SHUT_DOWN], user="postgres")
            self._wrapped().wait(timeout=READY_TIMEOUT)

    def _run(self) -> None:
        """Start a container; the server in it need not be ready yet."""
        with daemon.daemon() as client:
            daemon.remove_orphans(client)
            config = client.images.get(self.image).attrs["Config"]
        if not is_postgresql(config):
            raise EngineUnavailable(
                f"Image {self.image} is not one of PostgreSQL: it neither sets PGDATA nor exposes "
                f"port {_PORT}.",
                "Give one of TimescaleDB with --image.",
            )
        start = [*(config.get("Entrypoint") or []), *(config.get("Cmd") or ["postgres"])]
        settings = [word for pair in SETTINGS.items() for word in ("-c", "=".join(pair))]
        container = DockerContainer(self._given_image, {"timeout": READY_TIMEOUT})
        container.with_command(["sh", *start, *settings])
        container.with_envs(
            POSTGRES_PASSWORD=self._password, POSTGRES_INITDB_ARGS="--no-sync", NO_TS_TUNE="true"
        )
        if self._volume is None:
            container.with_tmpfs_mount(data_mount(config))
        else:
            container.with_volume_mapping(self._volume.name, data_mount(config), "rw")
        container.ports[f"{_PORT}/tcp"] = _binding(container)
        container.with_kwargs(
            entrypoint=["sh", "-c", _RESTARTABLE],
            labels={daemon.LABEL: self._label},
            shm_size="256m",
            stop_signal="SIGKILL",
        )
        self._container = container
        try:
            with _without_ryuk():
                container.start()
        except docker.errors.DockerException as error:
            raise ContainerUnavailable(
                f"Docker cannot start a {self.description}: {daemon.words_of(error)}.",
                "Look at the daemon's log",
            ) from None

    def _await_server(self, *, without: int | None = None) -> None:
        """Wait until the server answers over TCP, and has forgotten a process that was killed.

        While the image sets up the data directory it runs a first server that listens on the
        socket in the container only: whoever connects over TCP has reached the final one.
        """
        deadline = time.monotonic() + READY_TIMEOUT
        url = self._url()
        while True:
            if (reason := why_not_ready(url, without=without)) is None:
                return
            if time.monotonic() > deadline:
                raise self._never_ready(f"is not ready after {READY_TIMEOUT} s ({reason})")
            self._wrapped().reload()
            if self._wrapped().status != "running":
                raise self._never_ready("ended while starting")
            time.sleep(_POLL_INTERVAL)

    def _never_ready(self, what: str) -> EngineUnavailable:
        line = telling_line(self._wrapped().logs(tail=50).decode(errors="replace"))
        problem = f"The server in the {self.description} {what}; its log says: {line.rstrip('.')}."
        if NO_SPACE in line:
            return ContainerUnavailable(problem, "Its data are in memory: free some")
        return EngineUnavailable(
            problem, "Check that the image is one of TimescaleDB, or name another one."
        )

    def _url(self) -> URL:
        return URL.create(
            "postgresql+psycopg2",
            username="postgres",
            password=self._password,
            host=self._host(),
            port=self._port(),
            database="postgres",
        )

    def _host(self) -> str:
        """Where the port is; not by a name that stands for an address of IPv6 too."""
        host = str(self._running().get_container_host_ip())
        return _LOOPBACK if host == "localhost" else host

    def _port(self) -> int:
        """Where the server's port is on the host; only a running container has it there."""
        try:
            return int(self._running().get_exposed_port(_PORT))
        except TimeoutError:
            raise self._never_ready("ended while starting") from None

    def _wrapped(self) -> Any:
        """The docker library's own object of the running container."""
        return self._running().get_wrapped_container()

    def _running(self) -> DockerContainer:
        if self._container is None:
            raise RuntimeError("the engine has not been started")
        return self._container


def is_postgresql(config: dict[str, Any]) -> bool:
    """Whether the image shows what every one does that keeps the official image's contract."""
    return "PGDATA" in _environment(config) or f"{_PORT}/tcp" in (config.get("ExposedPorts") or {})


def data_mount(config: dict[str, Any]) -> str:
    """Where to put the memory that holds the data: the image's volume around PGDATA, or PGDATA.

    The volume rather than the directory, so that Docker makes no volume on disk besides.
    """
    data = PurePosixPath(_environment(config).get("PGDATA", "/var/lib/postgresql/data"))
    volumes = [PurePosixPath(path) for path in config.get("Volumes") or {}]
    return str(next((path for path in volumes if data.is_relative_to(path)), data))


def _environment(config: dict[str, Any]) -> dict[str, str]:
    return dict(entry.partition("=")[::2] for entry in config.get("Env") or [])


def _binding(container: DockerContainer) -> Any:
    """A port that the daemon chooses: open to this machine only, where that suffices.

    It does not where the daemon is elsewhere, or where we are in a container ourselves.
    """
    client = container.get_docker_client()
    local = client.host() in {"localhost", _LOOPBACK}
    direct = client.get_connection_mode() == ConnectionMode.docker_host
    return (_LOOPBACK,) if local and direct else None


@contextmanager
def _without_ryuk() -> Iterator[None]:
    """Testcontainers' own cleaner needs an image of its own; ours does without."""
    before = testcontainers_config.ryuk_disabled
    testcontainers_config.ryuk_disabled = True
    try:
        yield
    finally:
        testcontainers_config.ryuk_disabled = before
