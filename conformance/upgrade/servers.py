"""What an upgrade is rehearsed on: two versions that one server offers, or two images."""

from __future__ import annotations

import re
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, cast

from sqlalchemy import text

from conformance.engines import open_engine
from conformance.engines.connecting import connect
from conformance.errors import ConformanceError, ContainerUnavailable, ServerUnsupported
from conformance.upgrade.dumping import LocalClient
from conformance.upgrade.failures import WayNotOpen
from conformance.upgrade.sides import Side, check_direction, side_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from sqlalchemy import URL

    from conformance.engines.container.engine import ContainerEngine
    from conformance.process.progress import Progress
    from conformance.upgrade.choices import Choices
    from conformance.upgrade.dumping import Client
    from conformance.upgrade.sides import ServerEngine

    #: A database under the server that it was moved to.
    Moved = AbstractContextManager[tuple[URL, ServerEngine]]

_VERSION = re.compile(r"\d+(\.\d+)+(-\w+)?")
#: What the database is called among the data that one container leaves to the next: a name of
#: our usual kind would be taken for a leftover there.
_KEPT = "upgrade_rehearsal"
_IN_CONTAINER = "/tmp"  # noqa: S108 - of a container that nobody else uses


@dataclass(frozen=True)
class Servers:
    """Both ends, and how data come from one to the other.

    Attributes:
        client: runs pg_dump and pg_restore.
        folder: where it may write.
        seen_by_client: a URL of one end as the client reaches it.
        moved: a database of the old end under the new end's server. The old end may be gone then;
            raises WayNotOpen where the new server cannot read the old one's files.
    """

    old: Side
    new: Side
    client: Client
    folder: str
    seen_by_client: Callable[[Side, URL], URL]
    moved: Callable[[URL], Moved]


@contextmanager
def open_servers(choices: Choices, progress: Progress) -> Iterator[Servers]:
    """Start what the upgrade is rehearsed on; nothing of it is left at the end.

    Raises:
        ConformanceError: a server cannot be had, or the choices name no upgrade.
    """
    before, after, engine = choices.before, choices.after, choices.engine
    for end, option in ((before, "--from"), (after, "--to")):
        if not end.strip():
            raise ConformanceError(f"{option} is empty.", "Name an image or a version.")
    if engine is None:
        opened = _two_images(before, after, progress)
    elif "://" in engine or engine == "container":
        one = cast("ServerEngine", open_engine(engine, choices.image, progress))
        opened = _one_server(before, after, one)
    else:
        raise ConformanceError(
            f"Engine {engine} has one version of TimescaleDB only.",
            "Give two images, or two versions and --engine URL or --engine container.",
        )
    with opened as servers:
        check_direction(servers.old, servers.new)
        yield servers


@contextmanager
def _one_server(before: str, after: str, engine: ServerEngine) -> Iterator[Servers]:
    def moved(url: URL) -> Moved:
        return nullcontext((url, engine))

    try:
        engine.start()
        old, new = side_of(engine, before), side_of(engine, after)
        if engine.name == "container":
            client = cast("ContainerEngine", engine)
            yield Servers(old, new, client, _IN_CONTAINER, lambda _, url: _inside(url), moved)
        else:
            with TemporaryDirectory() as folder:
                yield Servers(old, new, LocalClient(), folder, lambda _, url: url, moved)
    finally:
        engine.stop()


@contextmanager
def _two_images(before: str, after: str, progress: Progress) -> Iterator[Servers]:
    for name in (before, after):
        if _VERSION.fullmatch(name):
            raise ConformanceError(
                f"{name} is a version of TimescaleDB, not an image.",
                "Name the server that offers it with --engine URL, or give two images.",
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
            _check_files(old, new)
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
                return _inside(url)
            host, port = old_engine.address
            return url.set(host=host, port=port)

        try:
            for engine, image in ((old_engine, before), (new_engine, after)):
                progress(f"Starting {image}.")
                _start(engine, image)
            old, new = side_of(old_engine), side_of(new_engine)
            _leave_only_ours(old_engine)
            yield Servers(old, new, new_engine, _IN_CONTAINER, seen_by_client, moved)
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


def _inside(url: URL) -> URL:
    """The server of the container that the client itself is in."""
    return url.set(host="127.0.0.1", port=5432)


def _check_files(old: Side, new: Side) -> None:
    if old.postgresql != new.postgresql:
        raise WayNotOpen(
            f"PostgreSQL {new.postgresql} cannot read the files of PostgreSQL {old.postgresql}; "
            "pg_upgrade needs both in one image, with the same TimescaleDB"
        )


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
