"""An engine that was started, and why it was taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.comparing.verdict import EngineUsed

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.engines.base import Engine


@dataclass
class Session:
    """A started engine, and why it was taken."""

    engine: Engine
    note: str = ""

    @property
    def used(self) -> EngineUsed:
        """For the header and the reports."""
        return EngineUsed.of(
            self.engine.name, self.engine.description, self.engine.server, self.note
        )


def start_session(
    choice: str, image: str | None, report: Callable[[str], None] = lambda _: None
) -> Session:
    """Open and start the engine of the choice.

    Args:
        report: told what is being waited for; the last word is the reason for an `auto` choice.
    """
    from conformance.engines import open_engine

    said = [""]

    def hear(sentence: str) -> None:
        said.append(sentence)
        report(sentence)

    engine = open_engine(choice, image, hear)
    try:
        engine.start()
    except BaseException:
        engine.stop()
        raise
    return Session(engine, said[-1] if choice == "auto" else "")
