"""Open two installations of PostgreSQL on this machine; the new server takes over the old data."""

from __future__ import annotations

from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, cast

from conformance.engines import is_local, open_engine
from conformance.errors import ConformanceError
from conformance.upgrade.dumping import LocalClient
from conformance.upgrade.servers import Servers
from conformance.upgrade.sides import side_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL

    from conformance.engines.local.engine import LocalEngine
    from conformance.process.progress import Progress
    from conformance.upgrade.sides import ServerEngine


@contextmanager
def open_installations(before: str, after: str, progress: Progress) -> Iterator[Servers]:
    """Start a temporary cluster of each installation.

    Args:
        before: the old installation, spelt as for `--engine`: `local:15`, `local:FOLDER@2.17.2`.
        after: the new installation.

    Raises:
        ConformanceError: one of them is not an installation, or cannot be started.
    """
    if not (is_local(before) and is_local(after)):
        raise ConformanceError(
            f"Only one of {before} and {after} is an installation.",
            "Give two images, or two installations, as in --from local:15 --to local:17.",
        )
    old_engine, new_engine = (
        cast("LocalEngine", open_engine(choice, None, progress)) for choice in (before, after)
    )

    @contextmanager
    def moved(url: URL) -> Iterator[tuple[URL, ServerEngine]]:
        servers.check_files("one installation")
        old_engine.go_on_as(new_engine.chosen)
        yield url, old_engine

    try:
        for engine, choice in ((old_engine, before), (new_engine, after)):
            progress(f"Starting {choice}.")
            engine.start()
        old, new = side_of(old_engine), side_of(new_engine)
        with TemporaryDirectory() as folder:
            client, how = LocalClient(new_engine.programs), "the new installation on the same data"
            servers = Servers(old, new, client, folder, lambda _, url: url, moved, how)
            yield servers
    finally:
        new_engine.stop()
        old_engine.stop()
