"""Engines: embedded, local, container or a URL. Each of them provides a TimescaleDB."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from conformance.engines.container import absence
from conformance.errors import ContainerUnavailable, EngineUnavailable, LocalUnavailable
from conformance.extras import PackagesMissing, require

if TYPE_CHECKING:
    from conformance.engines.base import Engine
    from conformance.engines.container.engine import ContainerEngine
    from conformance.engines.local.engine import LocalEngine
    from conformance.process.progress import Progress

#: What `--engine` takes, beside a database URL.
CHOICES = ("auto", "embedded", "local", "container")


def open_engine(choice: str, image: str | None, progress: Progress) -> Engine:
    """The chosen engine, not started yet.

    Only the libraries of the chosen engine are imported.

    Args:
        choice: `auto`, `embedded`, `container`, `local`, `local:...` with an installation, or a
            database URL.
        image: the image of the container; None: the default image.
        progress: called with a sentence that says which engine `auto` chose, and why.

    Raises:
        EngineUnavailable: there is no such engine, the engine does not run images, or the image is
            not available.
    """
    if "://" in choice:
        from conformance.engines.server.url import UrlEngine

        return UrlEngine(choice)
    if choice == "container":
        return _container(image, progress)
    if choice == "auto":
        return _best(image, progress)
    if choice != "embedded" and not is_local(choice):
        raise EngineUnavailable(
            f"There is no engine {choice!r}.", f"Use {', '.join(CHOICES)} or a database URL."
        )
    if image is not None:
        raise EngineUnavailable(
            f"The engine {choice} does not run images, but the image {image} was given.",
            "Use --engine container, or leave --image and CONFORMANCE_IMAGE out.",
        )
    return _embedded() if choice == "embedded" else _local(choice)


def is_local(choice: str) -> bool:
    """Whether the choice is the engine `local`, with or without an installation."""
    return re.match(r"local($|[:@])", choice) is not None


def _best(image: str | None, progress: Progress) -> Engine:
    """A container, which is the same on every machine; else a local server; else embedded."""
    try:
        if absence.is_certain():
            raise absence.no_daemon()
        container = _container(image, progress)
        container.obtain_image(hurry=True)
    except EngineUnavailable as error:
        no_container = f"a container is not available: {error.problem}"
    else:
        reason = f"a Docker daemon answers and has the image {container.image}"
        progress(f"Engine container, because {reason}.")
        return container
    try:
        local = _local_community()
    except EngineUnavailable as error:
        reason = f"{no_container} A local server is not available either: {error.problem}"
        progress(f"Engine embedded, because {reason}")
        return _embedded()
    progress(f"Engine local, because PostgreSQL is installed and {no_container}")
    return local


def _local_community() -> Engine:
    """The local engine, if it has compression and policies; the embedded engine has them."""
    engine = _local("local")
    if not engine.chosen.is_community:
        raise LocalUnavailable(
            f"{engine.chosen.installation} has TimescaleDB's Apache edition.",
            "Install the Community edition",
        )
    return engine


def _local(choice: str) -> LocalEngine:
    if os.name != "posix":
        raise LocalUnavailable("The engine local works on Unix only.", "Run this in WSL")
    from conformance.engines.local.engine import LocalEngine

    return LocalEngine(choice)


def _embedded() -> Engine:
    require("embedded", "The engine embedded")
    from conformance.engines.embedded.engine import EmbeddedEngine

    return EmbeddedEngine()


def _container(image: str | None, progress: Progress) -> ContainerEngine:
    try:
        require("container", "The engine container")
    except PackagesMissing as error:
        raise ContainerUnavailable(error.problem, error.hint.removesuffix(".")) from None
    from conformance.engines.container.engine import ContainerEngine

    return ContainerEngine(image, progress)
