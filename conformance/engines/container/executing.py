"""Run a command in a container."""

from __future__ import annotations

from concurrent.futures import Future, wait
from threading import Thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Seconds between two looks whether the command runs.
GLANCE = 1.0
#: At how many looks in succession the command must not run: it may be about to start, and its
#: output may arrive later than its end.
LOOKS = 10


def execute(
    container: Any,
    command: Sequence[str],
    *,
    user: str,
    environment: dict[str, str] | None = None,
) -> tuple[int, str]:
    """Run the command; return its exit code and its output.

    The docker library waits without a limit until the daemon closes the output, which the daemon
    sometimes forgets when a command ends together with its container. A thread therefore waits for
    the output, and is abandoned, with the output, if the command has not run for a while.

    Args:
        container: the docker library's object.

    Raises:
        docker.errors.DockerException: the command cannot be started, or its container is gone.
        requests.exceptions.RequestException: the daemon does not answer.
    """
    api = container.client.api
    started = api.exec_create(container.id, command, user=user, environment=environment)["Id"]
    said: Future[bytes] = Future()
    Thread(target=_listen, args=(api, started, said), daemon=True).start()
    looks = 0
    while not wait([said], GLANCE).done and looks < LOOKS:
        looks = 0 if api.exec_inspect(started)["Running"] else looks + 1
    output = said.result() if said.done() else b""
    return api.exec_inspect(started)["ExitCode"], output.decode(errors="replace")


def _listen(api: Any, started: str, said: Future[bytes]) -> None:
    try:
        said.set_result(api.exec_start(started))
    except Exception as error:
        said.set_exception(error)
