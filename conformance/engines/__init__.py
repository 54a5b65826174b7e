"""Where a TimescaleDB comes from: embedded, a container, or a server's URL; one protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.errors import ContainerUnavailable, EngineUnavailable
from conformance.extras import PackagesMissing, require

if TYPE_CHECKING:
    from conformance.engines.base import Engine
    from conformance.engines.container.engine import ContainerEngine
    from conformance.process.progress import Progress

#: What `--engine` takes, beside a database URL.
CHOICES = ("auto", "embedded", "container")


def open_engine(choice: str, image: str | None, progress: Progress) -> Engine:
    """The engine of the choice, not started yet.

    Only the chosen engine's libraries are imported.

    Args:
        choice: `auto`, `embedded`, `container` or a database URL.
        image: the image of the container; None means the default one.
        progress: told in one sentence which engine `auto` took, and why.

    Raises:
        EngineUnavailable: the choice is none of these, or does not go with an image, or a
            container is wanted with an image that cannot be had.
    """
    if "://" in choice:
        from conformance.engines.server.url import UrlEngine

        return UrlEngine(choice)
    if choice == "embedded":
        if image is not None:
            raise EngineUnavailable(
                f"The embedded engine cannot run the image {image}.",
                "Take --engine container, or leave --image and CONFORMANCE_IMAGE out.",
            )
        return _embedded()
    if choice == "container":
        return _container(image, progress)
    if choice == "auto":
        return _container_or_embedded(image, progress)
    raise EngineUnavailable(
        f"There is no engine {choice!r}.", f"Take {', '.join(CHOICES)} or a database URL."
    )


def _container_or_embedded(image: str | None, progress: Progress) -> Engine:
    try:
        engine = _container(image, progress)
        engine.obtain_image(hurry=True)
    except EngineUnavailable as error:
        progress(f"Engine embedded, because no container can be had: {error.problem}")
        return _embedded()
    progress(f"Engine container, because a Docker daemon answers and has the image {engine.image}.")
    return engine


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
