"""A started engine, and the reason why `auto` chose it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.comparing.verdict import EngineUsed
from conformance.process.progress import unwatched

if TYPE_CHECKING:
    from conformance.engines.base import Engine
    from conformance.process.progress import Progress


@dataclass
class Session:
    """A started engine, and the reason why `auto` chose it."""

    engine: Engine
    note: str = ""

    @property
    def used(self) -> EngineUsed:
        """The engine and its server, as the header and the reports name them."""
        return EngineUsed.of(
            self.engine.name, self.engine.description, self.engine.server, self.note
        )


def start_session(choice: str, image: str | None, progress: Progress = unwatched) -> Session:
    """Open and start the chosen engine.

    Args:
        progress: called with each step; the last step is the reason for the choice of `auto`.
    """
    from conformance.engines import open_engine

    said = [""]

    def keeping(step: str) -> None:
        said.append(step)
        progress(step)

    engine = open_engine(choice, image, keeping)
    try:
        engine.start()
    except BaseException:
        engine.stop()
        raise
    return Session(engine, said[-1] if choice == "auto" else "")
