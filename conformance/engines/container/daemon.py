"""The Docker daemon: reaching it, getting an image, removing what killed runs left there."""

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

from conformance.errors import ContainerUnavailable, EngineUnavailable
from conformance.process.identity import certainly_gone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.process.progress import Progress

#: Seconds that the daemon may be silent, when asked something small and while it pulls.
ANSWER_TIMEOUT = 5
PULL_TIMEOUT = 20
#: Seconds until the first word of a pull where there is something else to take instead.
FIRST_WORD_TIMEOUT = 5

#: On every container and volume of ours: who made it, as `identity.this_process` says.
LABEL = "org.timescaledb-conformance.run"
#: A container that has not run for so long is of no use to anybody: its data were in memory. A
#: volume is used for minutes.
_FORGOTTEN_AFTER = timedelta(hours=1)

_UNIX = "http+unix://"


@contextmanager
def daemon(timeout: int = ANSWER_TIMEOUT) -> Iterator[Any]:
    """A docker.DockerClient, closed at the end.

    Raises:
        EngineUnavailable: no daemon answers, or not to this user; or it fails what is asked of it.
    """
    try:
        _knock()
        client = DockerClient(timeout=timeout).client
    except (docker.errors.DockerException, RequestException, OSError, ValueError) as error:
        raise _unreachable(str(error)) from None
    with closing(client), explained():
        yield client


@contextmanager
def explained() -> Iterator[None]:
    """What the docker library raises, as one sentence.

    Raises:
        EngineUnavailable: the daemon refuses, or does not answer any more.
    """
    try:
        yield
    except docker.errors.DockerException as error:
        raise ContainerUnavailable(
            f"The Docker daemon refuses: {words_of(error)}.",
            "Look at the daemon's log",
        ) from None
    except RequestException:
        raise ContainerUnavailable(
            "The Docker daemon does not answer any more.",
            "See whether it runs and is not overloaded",
        ) from None


def words_of(error: Exception | str) -> str:
    """What the daemon or the docker library said, on one line and without a full stop."""
    reason = str(getattr(error, "explanation", None) or error)
    return " ".join(reason.split()).rstrip(".")


def _knock() -> None:
    """See that somebody listens at the daemon's socket, if it is a file.

    The docker library leaves open the socket of a connection that fails, and Python warns of it
    at a moment of its own choice, in the middle of something else.

    Raises:
        OSError: nobody listens, or not for this user.
    """
    address = parse_host(get_docker_host())
    if address.startswith(_UNIX):
        with socket.socket(socket.AF_UNIX) as door:
            door.settimeout(ANSWER_TIMEOUT)
            door.connect(address.removeprefix(_UNIX))


def obtain_image(image: str, progress: Progress, first_word: float | None = None) -> None:
    """Have the image at hand; pull it if it is not.

    Args:
        image: its name, with or without a tag.
        progress: told when a pull begins, which may take a while.
        first_word: seconds until the daemon must have told something of the pull, if these are
            not the usual ones.

    Raises:
        EngineUnavailable: no daemon, or the image cannot be pulled, or the pull stands still.
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
    """All containers with our label, or those of one owner only, running or not."""
    label = f"{LABEL}={owner}" if owner else LABEL
    # Others may be removing theirs while the list is put together.
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
    """Remove the volume; not if a container uses it, or somebody else has removed it already."""
    with suppress(docker.errors.APIError, RequestException):
        volume.remove()


def remove(container: Any) -> None:
    """Remove the container and its volumes; somebody else may be doing so already."""
    with suppress(docker.errors.APIError, RequestException):
        container.remove(force=True, v=True)


def _is_forgotten(container: Any) -> bool:
    """Whether it has long ended: what remains of a run before the machine's last start."""
    return container.status != "running" and _is_old(container.attrs["Created"])


def _is_old(created: str) -> bool:
    return datetime.now(UTC) - datetime.fromisoformat(created) > _FORGOTTEN_AFTER


def _pull(client: Any, image: str, first_word: float) -> None:
    """Pull the image, as long as the daemon goes on telling about it.

    The docker library lets a pull take for ever; so another thread listens, and is left behind
    if nothing comes.
    """
    events: Queue[str | Exception | None] = Queue()
    Thread(target=_listen_to_pull, args=(client, image, events), daemon=True).start()
    patience = first_word
    try:
        while (error := events.get(timeout=patience)) is not None:
            # The docker library's errors are what the daemon said; the others, that it is gone.
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
    """Put the error of each event, mostly an empty one, and None at the end."""
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
        f"Image {image} is not at hand and cannot be pulled: {words_of(error)}.",
        "Name one that is at hand, run docker pull where it works",
    )


def _unreachable(message: str) -> EngineUnavailable:
    if "Permission denied" in message or "PermissionError" in message:
        return ContainerUnavailable(
            "The Docker daemon's socket may not be used by this user.",
            "Add the user to the group docker and log in again",
        )
    return ContainerUnavailable(
        "No Docker daemon answers.",
        "Start Docker, check DOCKER_HOST",
    )
