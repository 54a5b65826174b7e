"""Where a TimescaleDB comes from: embedded, local, container or a URL; one protocol."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

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
    """The engine of the choice, not started yet.

    Only the chosen engine's libraries are imported.

    Args:
        choice: `auto`, `embedded`, `container`, `local` with or without what names an installation,
            or a database URL.
        image: the image of the container; None means the default one.
        progress: told in one sentence which engine `auto` took, and why.

    Raises:
        EngineUnavailable: the choice is none of these, or does not go with an image, or a
            container is wanted with an image that cannot be had.
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
            f"There is no engine {choice!r}.", f"Take {', '.join(CHOICES)} or a database URL."
        )
    if image is not None:
        raise EngineUnavailable(
            f"The engine {choice} cannot run the image {image}.",
            "Take --engine container, or leave --image and CONFORMANCE_IMAGE out.",
        )
    return _embedded() if choice == "embedded" else _local(choice)


def is_local(choice: str) -> bool:
    """Whether the choice is the engine `local`, with or without what names an installation."""
    return re.match(r"local($|[:@])", choice) is not None


def _best(image: str | None, progress: Progress) -> Engine:
    """A container, which is the same on every machine; else a local server; else embedded."""
    try:
        container = _container(image, progress)
        container.obtain_image(hurry=True)
    except EngineUnavailable as error:
        no_container = f"no container can be had: {error.problem}"
    else:
        reason = f"a Docker daemon answers and has the image {container.image}"
        progress(f"Engine container, because {reason}.")
        return container
    try:
        local = _local_community()
    except EngineUnavailable as error:
        reason = f"{no_container} Nor can a local server: {error.problem}"
        progress(f"Engine embedded, because {reason}")
        return _embedded()
    progress(f"Engine local, because it is installed and {no_container}")
    return local


def _local_community() -> Engine:
    """A local engine with compression and policies; the embedded one has them."""
    engine = _local("local")
    if not engine.chosen.is_community:
        raise LocalUnavailable(
            f"{engine.chosen.installation} has TimescaleDB's Apache edition.",
            "Install the Community edition",
        )
    return engine


def _local(choice: str) -> LocalEngine:
    if os.name != "posix":
        raise LocalUnavailable("A local server is started on Unix only.", "Use the WSL")
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
