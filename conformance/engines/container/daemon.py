"""The Docker daemon: connect to it, get an image, remove containers of killed runs."""

from __future__ import annotations

import socket
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from queue import Empty, Queue
from threading import Thread
from typing import TYPE_CHECKING, Any

import docker.errors
from docker.utils import parse_host, parse_repository_tag
from requests.exceptions import RequestException
from testcontainers.core.docker_client import DockerClient, get_docker_host

from conformance.engines.container.absence import no_daemon
from conformance.errors import ContainerUnavailable, EngineUnavailable
from conformance.process.identity import certainly_gone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.process.progress import Progress

#: Seconds to wait for an answer of the daemon, and for the next event of a pull.
ANSWER_TIMEOUT = 5
PULL_TIMEOUT = 20
#: Seconds to wait for the first event of a pull if another engine is available.
FIRST_WORD_TIMEOUT = 5

#: The label of our containers and volumes: the process that created it, `identity.this_process`.
LABEL = "org.timescaledb-conformance.run"
#: A stopped container of this age is useless: its data were in memory. A volume is used for
#: minutes.
_FORGOTTEN_AFTER = timedelta(hours=1)

_UNIX = "http+unix://"


@contextmanager
def daemon(timeout: int = ANSWER_TIMEOUT) -> Iterator[Any]:
    """A docker.DockerClient, closed at the end.

    Raises:
        EngineUnavailable: the daemon does not answer, rejects this user, or fails a request.
    """
    try:
        _check_socket()
        client = DockerClient(timeout=timeout).client
    except (docker.errors.DockerException, RequestException, OSError, ValueError) as error:
        raise _unreachable(str(error)) from None
    with closing(client), explained():
        yield client


@contextmanager
def explained() -> Iterator[None]:
    """Turn errors of the docker library into one sentence.

    Raises:
        EngineUnavailable: the daemon fails a request, or stops answering.
    """
    try:
        yield
    except docker.errors.DockerException as error:
        raise ContainerUnavailable(
            f"The Docker daemon fails: {words_of(error)}.",
            "Read the log of the daemon",
        ) from None
    except RequestException:
        raise ContainerUnavailable(
            "The Docker daemon has stopped answering.",
            "Check that the daemon runs and is not overloaded",
        ) from None


def words_of(error: Exception | str) -> str:
    """The error of the daemon or of the docker library, on one line without a full stop."""
    reason = str(getattr(error, "explanation", None) or error)
    return " ".join(reason.split()).rstrip(".")


def _check_socket() -> None:
    """Connect to the daemon's socket, if it is a file.

    The docker library does not close the socket of a failed connection, and Python warns of that
    at an arbitrary later moment. This connects first.

    Raises:
        OSError: nobody listens, or this user may not connect.
    """
    address = parse_host(get_docker_host())
    if address.startswith(_UNIX):
        with socket.socket(socket.AF_UNIX) as door:
            door.settimeout(ANSWER_TIMEOUT)
            door.connect(address.removeprefix(_UNIX))


def obtain_image(image: str, progress: Progress, first_word: float | None = None) -> None:
    """Pull the image, unless the daemon has it.

    Args:
        image: the name of the image, with or without a tag.
        progress: called when a pull begins, which may take long.
        first_word: seconds to wait for the first event of the pull; None: the usual time.

    Raises:
        EngineUnavailable: the daemon does not answer, or the pull fails or makes no progress.
    """
    with daemon() as client:
        try:
            client.images.get(image)
        except docker.errors.ImageNotFound:
            progress(f"Pulling {image}.")
            _pull(client, image, first_word or PULL_TIMEOUT)
        except docker.errors.APIError as error:
            raise _image_unavailable(image, error) from None


def containers_of_ours(client: Any, owner: str = "") -> list[Any]:
    """The containers with our label, of all owners or of one, running or not."""
    label = f"{LABEL}={owner}" if owner else LABEL
    # Another run may remove its container while the daemon builds the list.
    found: list[Any] = client.containers.list(
        all=True, filters={"label": label}, ignore_removed=True
    )
    return found


def remove_orphans(client: Any) -> None:
    """Remove our containers and volumes whose process was killed."""
    for container in containers_of_ours(client):
        owner = container.labels[LABEL].rpartition("/")[0]
        if certainly_gone(owner) or _is_forgotten(container):
            remove(container)
    for volume in client.volumes.list(filters={"label": LABEL}):
        owner = volume.attrs["Labels"][LABEL].rpartition("/")[0]
        if certainly_gone(owner) or _is_old(volume.attrs["CreatedAt"]):
            remove_volume(volume)


def remove_volume(volume: Any) -> None:
    """Remove the volume, unless a container uses it or somebody else has removed it."""
    with suppress(docker.errors.APIError, RequestException):
        volume.remove()


def remove(container: Any) -> None:
    """Remove the container and its volumes; somebody else may do so at the same time."""
    with suppress(docker.errors.APIError, RequestException):
        container.remove(force=True, v=True)


def _is_forgotten(container: Any) -> bool:
    """Whether the container stopped long ago: a run before the machine's last start left it."""
    return container.status != "running" and _is_old(container.attrs["Created"])


def _is_old(created: str) -> bool:
    return datetime.now(UTC) - datetime.fromisoformat(created) > _FORGOTTEN_AFTER


def _pull(client: Any, image: str, first_word: float) -> None:
    """Pull the image as long as the daemon sends events.

    A pull of the docker library has no timeout. A thread therefore reads the events, and is
    abandoned if no event arrives.
    """
    events: Queue[str | Exception | None] = Queue()
    Thread(target=_listen_to_pull, args=(client, image, events), daemon=True).start()
    patience = first_word
    try:
        while (error := events.get(timeout=patience)) is not None:
            # Errors of the docker library are answers of the daemon; others mean that it has ended.
            if isinstance(error, Exception) and not isinstance(
                error, docker.errors.DockerException
            ):
                raise error
            if error:
                raise _image_unavailable(image, error)
            patience = PULL_TIMEOUT
    except Empty:
        silence = f"the Docker daemon has been silent for {patience:g} s"
        raise _image_unavailable(image, silence) from None


def _listen_to_pull(client: Any, image: str, events: Queue[str | Exception | None]) -> None:
    """Put the error of each event into the queue, mostly an empty text, and None at the end."""
    repository, tag = parse_repository_tag(image)
    try:
        for event in client.api.pull(repository, tag=tag or "latest", stream=True, decode=True):
            events.put(event.get("error", ""))
        client.images.get(image)
    except Exception as error:
        events.put(error)
    events.put(None)


def _image_unavailable(image: str, error: Exception | str) -> EngineUnavailable:
    return ContainerUnavailable(
        f"The image {image} is not on this machine and cannot be pulled: {words_of(error)}.",
        "Name an image that is on this machine, pull the image where docker pull works",
    )


def _unreachable(message: str) -> EngineUnavailable:
    if "Permission denied" in message or "PermissionError" in message:
        return ContainerUnavailable(
            "This user may not use the socket of the Docker daemon.",
            "Add the user to the group docker and log in again",
        )
    return no_daemon()
