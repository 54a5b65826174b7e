"""Open the containers of two images; the old image's volume moves to the new image."""

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

#: A folder in the container that the client can write to; nobody else uses the container.
IN_CONTAINER = "/tmp"  # noqa: S108
_VERSION = re.compile(r"\d+(\.\d+)+(-\w+)?")
#: The name of the database on the volume that one container passes to the next. A generated name
#: would be taken for a leftover and dropped.
_MOVED_NAME = "upgrade_rehearsal"


@contextmanager
def open_images(before: str, after: str, progress: Progress) -> Iterator[Servers]:
    """Start a container of each image.

    Raises:
        ConformanceError: a container cannot be started, or a name is not an image.
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
    # Raises an error that names the missing package, if one is missing.
    new_engine = cast("ContainerEngine", open_engine("container", after, progress))
    from conformance.engines.container.engine import ContainerEngine
    from conformance.engines.container.volumes import new_volume

    with new_volume() as volume:
        old_engine = ContainerEngine(before, progress, volume)

        @contextmanager
        def moved(url: URL) -> Iterator[tuple[URL, ServerEngine]]:
            servers.check_files("one image")
            _rename(url, _MOVED_NAME)
            old_engine.stop()
            engine = ContainerEngine(after, progress, volume)
            try:
                engine.start()
                yield engine.url_of(_MOVED_NAME), engine
            finally:
                engine.stop()

        def url_for_client(side: Side, url: URL) -> URL:
            if side is new:
                return inside(url)
            host, port = old_engine.address
            return url.set(host=host, port=port)

        try:
            for engine, image in ((old_engine, before), (new_engine, after)):
                progress(f"Starting {image}.")
                _start(engine, image)
            old, new = side_of(old_engine), side_of(new_engine)
            _drop_extension_of_image(old_engine)
            how = "the new image on the same volume"
            servers = Servers(old, new, new_engine, IN_CONTAINER, url_for_client, moved, how)
            yield servers
        finally:
            new_engine.stop()
            old_engine.stop()


def _start(engine: ContainerEngine, image: str) -> None:
    try:
        engine.start()
    except ServerUnsupported as error:
        raise ServerUnsupported(
            f"Image {image} is not supported: {error.problem}",
            "Use an image of TimescaleDB 2.17 or later.",
        ) from None


def inside(url: URL) -> URL:
    """The URL inside of the container, where the client runs."""
    return url.set(host="127.0.0.1", port=5432)


def _drop_extension_of_image(engine: ContainerEngine) -> None:
    """Drop the extension in the databases that the image creates.

    The next image lacks the old library, so that no session could connect to them.
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
