"""Open the servers of a rehearsal: one server, two images or two installations."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, cast

from conformance.engines import is_local, open_engine
from conformance.errors import ConformanceError
from conformance.upgrade.dumping import LocalClient
from conformance.upgrade.images import IN_CONTAINER, inside, open_images
from conformance.upgrade.installations import open_installations
from conformance.upgrade.servers import Servers
from conformance.upgrade.sides import check_direction, side_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL

    from conformance.engines.container.engine import ContainerEngine
    from conformance.engines.local.engine import LocalEngine
    from conformance.process.progress import Progress
    from conformance.upgrade.choices import Choices
    from conformance.upgrade.servers import Moved
    from conformance.upgrade.sides import ServerEngine


@contextmanager
def open_servers(choices: Choices, progress: Progress) -> Iterator[Servers]:
    """Start the servers, and remove them at the end.

    Raises:
        ConformanceError: a server is not available, or the choices do not name an upgrade.
    """
    before, after, engine = choices.before, choices.after, choices.engine
    for side, option in ((before, "--from"), (after, "--to")):
        if not side.strip():
            raise ConformanceError(f"{option} is empty.", "Name an image or a version.")
    if engine is None and (is_local(before) or is_local(after)):
        opened = open_installations(before, after, progress)
    elif engine is None:
        opened = open_images(before, after, progress)
    elif "://" in engine or engine == "container" or is_local(engine):
        one = cast("ServerEngine", open_engine(engine, choices.image, progress))
        opened = _one_server(before, after, one)
    else:
        raise ConformanceError(
            f"Engine {engine} has only one version of TimescaleDB.",
            "Give two images, or two versions and --engine URL, container or local.",
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
            yield Servers(old, new, client, IN_CONTAINER, lambda _, url: inside(url), moved)
        else:
            programs = cast("LocalEngine", engine).programs if engine.name == "local" else None
            with TemporaryDirectory() as folder:
                own = LocalClient(programs)
                yield Servers(old, new, own, folder, lambda _, url: url, moved)
    finally:
        engine.stop()
