"""What can go wrong before a verdict exists.

Every error here is the user's to read: one sentence that says what was found and one that says
what to do. The command line prints both and exits with 2; no traceback.
"""

from __future__ import annotations


class ConformanceError(Exception):
    """The run cannot produce a verdict.

    Args:
        problem: one sentence: what was found, and where. Never holds a password.
        way_out: one sentence: what the reader can do about it. May be empty.
    """

    def __init__(self, problem: str, way_out: str = "") -> None:
        super().__init__(problem, way_out)
        self.problem = problem
        self.way_out = way_out

    def __str__(self) -> str:
        return f"{self.problem} {self.way_out}".strip()


class EngineUnavailable(ConformanceError):
    """The engine asked for cannot be started or reached on this machine."""


class ServerUnsupported(ConformanceError):
    """A server answers, but is not a TimescaleDB that can be checked."""


class ModelsUnavailable(ConformanceError):
    """The metadata to compare with cannot be imported or declares nothing."""


class MigrationFailed(ConformanceError):
    """The migration does not run to its end on an empty database."""


class BaseUnavailable(ConformanceError):
    """What the new revisions are new against cannot be read."""


def one_line(error: BaseException) -> str:
    """What an error says, on one line: a database's own words, without SQLAlchemy's."""
    return " ".join(str(getattr(error, "orig", None) or error).split())
