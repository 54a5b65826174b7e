"""Two images: what was in the old one's volume is moved to the new one."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from sqlalchemy import text

from conformance.engines import open_engine
from conformance.engines.connecting import connect
from conformance.errors import ConformanceError, ContainerUnavailable, ServerUnsupported
from conformance.upgrade.servers import Servers
from conformance.upgrade.sides import side_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL

    from conformance.engines.container.engine import ContainerEngine
    from conformance.process.progress import Progress
    from conformance.upgrade.sides import ServerEngine, Side

#: Where a client in a container may write: nobody else uses the container.
IN_CONTAINER = "/tmp"  # noqa: S108
_VERSION = re.compile(r"\d+(\.\d+)+(-\w+)?")
#: What the database is called among the data that one container leaves to the next: a name of
#: our usual kind would be taken for a leftover there.
_KEPT = "upgrade_rehearsal"


@contextmanager
def open_images(before: str, after: str, progress: Progress) -> Iterator[Servers]:
    """A container of each.

    Raises:
        ConformanceError: one of them cannot be had, or is no image.
    """
    for name in (before, after):
        if _VERSION.fullmatch(name):
            raise ConformanceError(
                f"{name} is a version of TimescaleDB, not an image.",
                "Name the server that offers it with --engine URL or local, or give two images.",
            )
    try:
        with _images(before, after, progress) as servers:
            yield servers
    except ContainerUnavailable as error:
        raise error.for_two_images() from None


@contextmanager
def _images(before: str, after: str, progress: Progress) -> Iterator[Servers]:
    # Says which package is missing, if one is.
    new_engine = cast("ContainerEngine", open_engine("container", after, progress))
    from conformance.engines.container.engine import ContainerEngine
    from conformance.engines.container.volumes import new_volume

    with new_volume() as volume:
        old_engine = ContainerEngine(before, progress, volume)

        @contextmanager
        def moved(url: URL) -> Iterator[tuple[URL, ServerEngine]]:
            servers.check_files("one image")
            _rename(url, _KEPT)
            old_engine.stop()
            engine = ContainerEngine(after, progress, volume)
            try:
                engine.start()
                yield engine.url_of(_KEPT), engine
            finally:
                engine.stop()

        def seen_by_client(side: Side, url: URL) -> URL:
            if side is new:
                return inside(url)
            host, port = old_engine.address
            return url.set(host=host, port=port)

        try:
            for engine, image in ((old_engine, before), (new_engine, after)):
                progress(f"Starting {image}.")
                _start(engine, image)
            old, new = side_of(old_engine), side_of(new_engine)
            _leave_only_ours(old_engine)
            how = "the new image on the same volume"
            servers = Servers(old, new, new_engine, IN_CONTAINER, seen_by_client, moved, how)
            yield servers
        finally:
            new_engine.stop()
            old_engine.stop()


def _start(engine: ContainerEngine, image: str) -> None:
    try:
        engine.start()
    except ServerUnsupported as error:
        raise ServerUnsupported(
            f"Image {image} does not suit: {error.problem}",
            "Give an image of TimescaleDB 2.17 or later.",
        ) from None


def inside(url: URL) -> URL:
    """The server of the container that the client itself is in."""
    return url.set(host="127.0.0.1", port=5432)


def _leave_only_ours(engine: ContainerEngine) -> None:
    """Take the extension out of the databases that the image makes.

    Under the next image's server no session could be opened in them: the old library is gone.
    """
    for name in ("postgres", "template1"):
        with connect(engine.url_of(name), autocommit=True) as connection:
            connection.exec_driver_sql("DROP EXTENSION IF EXISTS timescaledb CASCADE")


def _rename(url: URL, name: str) -> None:
    with connect(url.set(database="postgres"), autocommit=True) as connection:
        connection.execute(
            text(
                "SELECT pg_catalog.pg_terminate_backend(pid)"
                " FROM pg_catalog.pg_stat_activity WHERE datname = :database"
            ),
            {"database": url.database},
        )
        connection.exec_driver_sql(f'ALTER DATABASE "{url.database}" RENAME TO "{name}"')
