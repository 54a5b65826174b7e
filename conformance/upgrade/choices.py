"""The options of `conformance upgrade`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.comparing.verdict import EngineUsed
from conformance.engines import is_local

if TYPE_CHECKING:
    from conformance.project.configuration import Configuration


@dataclass(frozen=True)
class Choices:
    """The options of a run.

    Attributes:
        before, after: images, installations, or versions that the engine's server offers.
        engine: a database URL, `container` or `local`; None to use two images or installations.
        image: the image of the engine `container`.
        project: models, migrations and the folder for reports; its engine is not used.
        suite: whether to run the suite on the upgraded database.
    """

    before: str
    after: str
    engine: str | None
    image: str | None
    project: Configuration
    suite: bool = True

    def requested_engine(self, side: str) -> EngineUsed:
        """The requested engine of one side, without the URL, which may contain a password."""
        if self.engine is None:
            local = EngineUsed("local", side)
            return local if is_local(side) else EngineUsed("container", f"container of {side}")
        name = "url" if "://" in self.engine else self.engine
        server = f"TimescaleDB {side} of one server"
        return EngineUsed("local" if is_local(name) else name, server)
