"""Docker volumes, by which one container leaves its data to the next."""

from __future__ import annotations

import secrets
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from conformance.engines.container.daemon import LABEL, daemon, remove_orphans, remove_volume
from conformance.engines.endings import call_at_end
from conformance.errors import EngineUnavailable
from conformance.process.identity import this_process

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Seconds that the daemon may take to delete the files.
REMOVAL_TIMEOUT = 60


@dataclass(frozen=True)
class Volume:
    """A volume with the data of a server.

    Attributes:
        name: the name of the volume in Docker.
        password: the superuser's password, which is part of the data.
    """

    name: str
    password: str = field(repr=False)


@contextmanager
def new_volume() -> Iterator[Volume]:
    """An empty volume, removed at the end; its containers must have been removed by then.

    Raises:
        EngineUnavailable: the Docker daemon does not answer, or cannot create a volume.
    """
    token = secrets.token_hex(4)
    volume = Volume(f"timescaledb-conformance-{token}", secrets.token_urlsafe(16))
    forget = call_at_end(lambda: _remove(volume))
    try:
        _create(volume, f"{this_process()}/{token}")
        yield volume
    finally:
        _remove(volume)
        forget()


def _create(volume: Volume, label: str) -> None:
    with daemon() as client:
        remove_orphans(client)
        client.volumes.create(volume.name, labels={LABEL: label})


def _remove(volume: Volume) -> None:
    # If the daemon does not answer, the next start removes the volume.
    with suppress(EngineUnavailable), daemon(REMOVAL_TIMEOUT) as client:
        for found in client.volumes.list(filters={"name": volume.name}):
            remove_volume(found)
