"""What is rehearsed: the options of `conformance upgrade`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.comparing.verdict import EngineUsed
from conformance.engines import is_local

if TYPE_CHECKING:
    from conformance.project.configuration import Configuration


@dataclass(frozen=True)
class Choices:
    """What is rehearsed, and where.

    Attributes:
        before, after: images, installations, or versions that the engine's server offers.
        engine: a database URL, `container` or `local`; None: two images or two installations.
        image: of the engine `container`.
        project: models, migrations and the folder for reports; its engine is not asked.
        suite: whether the suite runs on the upgraded database.
    """

    before: str
    after: str
    engine: str | None
    image: str | None
    project: Configuration
    suite: bool = True

    def not_seen(self, end: str) -> EngineUsed:
        """One end, as it was asked for; a URL may hold a password."""
        if self.engine is None:
            local = EngineUsed("local", end)
            return local if is_local(end) else EngineUsed("container", f"container of {end}")
        name = "url" if "://" in self.engine else self.engine
        server = f"TimescaleDB {end} of one server"
        return EngineUsed("local" if is_local(name) else name, server)
