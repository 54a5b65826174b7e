"""The engine `container`: a new server in a Docker container, with its data in memory."""

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
from conformance.engines.container.executing import execute
from conformance.engines.container.image import DEFAULT_IMAGE, refuse_impossible
from conformance.engines.endings import call_at_end
from conformance.engines.server.on_server import EngineOnServer
from conformance.engines.server.own_server import (
    NO_SPACE,
    READY_TIMEOUT,
    SETTINGS,
    error_line,
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

#: The container's first process: it starts PostgreSQL as the image does, and again after each
#: `restart`. If PostgreSQL were the first process, stopping it would end the container, and with it
#: the data in memory and the port on the host. After a crash it tries until a server has started:
#: the first one may still find the shared memory in use.
_RESTARTABLE = (
    'while "$@"; [ -e /tmp/restart ] || [ -e /tmp/crashed ];'
    " do rm -f /tmp/restart; [ ! -e /tmp/crashed ] || sleep 0.1; done"
)
#: pg_ctl must not wait: it would take the next server, which starts at once, for the old one.
_RESTART = (
    'touch /tmp/restart && pg_ctl stop -D "$PGDATA" -m fast -W'
    " && timeout 30 sh -c 'while [ -e /tmp/restart ]; do sleep 0.1; done'"
)
#: Without waiting: the container ends with the server, and so does pg_ctl.
_SHUT_DOWN = 'pg_ctl stop -D "$PGDATA" -m fast -W'

#: Kills all processes except the container's first and this shell at the same moment: a surviving
#: process would keep the shared memory, and the next server could not start.
_CRASH = (
    "touch /tmp/crashed && kill -9 -1"
    "; timeout 30 sh -c 'until pg_isready --quiet; do sleep 0.1; done'"
    "; rm -f /tmp/crashed"
)


class ContainerEngine(EngineOnServer):
    """TimescaleDB in a container.

    Args:
        image: an image with the interface of the official PostgreSQL image; None: the default.
        progress: called when the image has to be pulled.
        volume: the volume for the data, which outlives the container; None: the data are in memory.
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
        """The image of the container, for messages."""
        return f"container of {self.image}"

    def obtain_image(self, *, hurry: bool = False) -> None:
        """Pull the image, unless the daemon has it.

        Args:
            hurry: give up soon if the pull does not begin, because another engine is available.

        Raises:
            EngineUnavailable: the Docker daemon does not answer, or the image cannot be pulled.
        """
        refuse_impossible(self._given_image)
        first_word = daemon.FIRST_WORD_TIMEOUT if hurry else None
        daemon.obtain_image(self.image, self._progress, first_word)

    def start(self) -> None:
        """Start the container, wait for the server and probe it.

        Raises:
            EngineUnavailable: the daemon does not answer, the image cannot be pulled, or the server
                is not ready in time.
            ServerUnsupported: the image has no supported TimescaleDB.
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
        """Stop the server and start it again with its data, at the same URL.

        All connections to the server end.

        Raises:
            EngineUnavailable: the server does not stop or does not start again.
        """
        with daemon.explained():
            code, output = execute(self._wrapped(), ["sh", "-c", _RESTART], user="postgres")
        if code:
            words = " ".join(output.split())
            raise EngineUnavailable(
                f"The server in the {self.description} cannot be stopped: {words}",
                "Read the log of the container.",
            )
        with daemon.explained():
            self._await_server()

    def crash(self, process: int | None = None) -> None:
        """Kill the server, or one of its processes, by SIGKILL, and wait until it has recovered.

        All connections to the server end. Committed transactions survive if their session had
        `synchronous_commit` on.

        Args:
            process: the process of a session, from `pg_backend_pid()`; None: all processes.

        Raises:
            EngineUnavailable: the server does not recover.
        """
        command = _CRASH if process is None else f"kill -9 {process}"
        with daemon.explained():
            execute(self._wrapped(), ["sh", "-c", command], user="root")
            self._await_server(without=process)

    def stop(self) -> None:
        """Remove the container and its data. May be called at any time, also twice."""
        if self._forget_container is None:
            return
        if self._databases is not None:
            self._databases.abandon()
            if self._volume is not None:
                self._shut_down()
        super().stop()
        # If the daemon has ended so have its containers; the next start removes a remaining one.
        with suppress(EngineUnavailable), daemon.daemon(READY_TIMEOUT) as client:
            # By label, because an interrupt may have lost the object of the container.
            for container in daemon.containers_of_ours(client, self._label):
                daemon.remove(container)
        if self._container is not None:
            self._container.get_docker_client().client.close()
        self._forget_container()
        self._container = self._forget_container = None

    def run(self, command: Sequence[str], environment: dict[str, str]) -> tuple[int, str]:
        """Run a command in the container as the server's user; return exit code and output."""
        with daemon.explained():
            return execute(self._wrapped(), command, user="postgres", environment=environment)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the server for other containers of the same network."""
        container = self._wrapped()
        with daemon.explained():
            container.reload()
        networks = container.attrs["NetworkSettings"]["Networks"].values()
        return next(network["IPAddress"] for network in networks), _PORT

    def _shut_down(self) -> None:
        """Shut the server down cleanly, for the next server on the same data."""
        with suppress(EngineUnavailable), daemon.explained():
            execute(self._wrapped(), ["sh", "-c", _SHUT_DOWN], user="postgres")
            self._wrapped().wait(timeout=READY_TIMEOUT)

    def _run(self) -> None:
        """Start the container, without waiting for the server in it."""
        with daemon.daemon() as client:
            daemon.remove_orphans(client)
            try:
                config = client.images.get(self.image).attrs["Config"]
            except docker.errors.ImageNotFound:
                raise ContainerUnavailable(
                    f"The image {self.image} has been removed from this machine meanwhile.",
                    "Pull or build the image again",
                ) from None
        if not is_postgresql(config):
            raise EngineUnavailable(
                f"The image {self.image} is not a PostgreSQL image: it neither sets PGDATA nor "
                f"exposes port {_PORT}.",
                "Name an image with TimescaleDB: --image timescale/timescaledb:latest-pg17.",
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
                "Read the log of the daemon",
            ) from None

    def _await_server(self, *, without: int | None = None) -> None:
        """Wait until the server answers over TCP, and has noticed that a process was killed.

        While the image creates the data directory it runs a first server, which listens on a socket
        inside of the container only. A connection over TCP therefore reaches the final server.
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
        line = error_line(self._wrapped().logs(tail=50).decode(errors="replace"))
        problem = f"The server in the {self.description} {what}; its log says: {line.rstrip('.')}."
        if NO_SPACE in line:
            return ContainerUnavailable(problem, "Free memory, which holds the data of the server")
        return EngineUnavailable(
            problem, "Check that the image has TimescaleDB, or name another image."
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
        """The host of the port; never `localhost`, which may also be an IPv6 address."""
        host = str(self._running().get_container_host_ip())
        return _LOOPBACK if host == "localhost" else host

    def _port(self) -> int:
        """The port of the server on the host; only a running container has one."""
        try:
            return int(self._running().get_exposed_port(_PORT))
        except TimeoutError:
            raise self._never_ready("ended while starting") from None

    def _wrapped(self) -> Any:
        """The docker library's object of the running container."""
        return self._running().get_wrapped_container()

    def _running(self) -> DockerContainer:
        if self._container is None:
            raise RuntimeError("the engine has not been started")
        return self._container


def is_postgresql(config: dict[str, Any]) -> bool:
    """Whether the image has the interface of the official PostgreSQL image."""
    return "PGDATA" in _environment(config) or f"{_PORT}/tcp" in (config.get("ExposedPorts") or {})


def data_mount(config: dict[str, Any]) -> str:
    """The mount point for the data: the image's volume that contains PGDATA, or PGDATA itself.

    Docker would create a volume on disk if only the directory were mounted.
    """
    data = PurePosixPath(_environment(config).get("PGDATA", "/var/lib/postgresql/data"))
    volumes = [PurePosixPath(path) for path in config.get("Volumes") or {}]
    return str(next((path for path in volumes if data.is_relative_to(path)), data))


def _environment(config: dict[str, Any]) -> dict[str, str]:
    return dict(entry.partition("=")[::2] for entry in config.get("Env") or [])


def _binding(container: DockerContainer) -> Any:
    """The address of the port, whose number the daemon chooses: loopback if that suffices.

    It does not if the daemon is on another machine, or if this process runs in a container.
    """
    client = container.get_docker_client()
    local = client.host() in {"localhost", _LOOPBACK}
    direct = client.get_connection_mode() == ConnectionMode.docker_host
    return (_LOOPBACK,) if local and direct else None


@contextmanager
def _without_ryuk() -> Iterator[None]:
    """Disable Ryuk, which needs an image of its own: `stop` removes the container."""
    before = testcontainers_config.ryuk_disabled
    testcontainers_config.ryuk_disabled = True
    try:
        yield
    finally:
        testcontainers_config.ryuk_disabled = before
