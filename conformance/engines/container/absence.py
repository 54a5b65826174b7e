"""Whether a Docker daemon can be there at all, without importing a client, which takes a while."""

from __future__ import annotations

import os
from pathlib import Path

from conformance.errors import ContainerUnavailable

#: What names a daemon elsewhere, to Docker's client or to testcontainers.
_VARIABLES = ("DOCKER_HOST", "DOCKER_CONTEXT")
_FILES = (".docker", ".testcontainers.properties")
_SOCKET = "/var/run/docker.sock"


def no_daemon() -> ContainerUnavailable:
    """The error where no daemon answers."""
    return ContainerUnavailable("No Docker daemon answers.", "Start Docker, check DOCKER_HOST")


def is_certain() -> bool:
    """Whether neither a socket is in its usual place, nor anything names another one."""
    return (
        os.name == "posix"
        and not os.path.lexists(_SOCKET)
        and not any(map(os.environ.get, _VARIABLES))
        and not any((Path.home() / name).exists() for name in _FILES)
    )
