"""What can go wrong before a verdict exists.

Every error here is the user's to read: one sentence that says what was found and one that says
what to do. The command line prints both and exits with 2; no traceback.
"""

from __future__ import annotations

import traceback


class ConformanceError(Exception):
    """The run cannot produce a verdict.

    Args:
        problem: one sentence: what was found, and where. Never holds a password.
        hint: one sentence: what the reader can do about it. May be empty.
    """

    def __init__(self, problem: str, hint: str = "") -> None:
        super().__init__(problem, hint)
        self.problem = problem
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.problem} {self.hint}".strip()


class EngineUnavailable(ConformanceError):
    """The engine asked for cannot be started or reached on this machine."""


class ContainerUnavailable(EngineUnavailable):
    """No container can be had here; what else would serve is said last.

    Args:
        ways: what would let one be had, without a full stop.
    """

    def __init__(self, problem: str, ways: str) -> None:
        others = "--engine local, --engine embedded or --engine URL"
        super().__init__(problem, f"{ways}, or take {others}.")
        self.ways = ways

    def for_two_images(self) -> EngineUnavailable:
        """The same, where two images were to be compared."""
        return EngineUnavailable(
            self.problem,
            f"{self.ways}, or give two versions of TimescaleDB and the server that has both: "
            "--engine URL.",
        )


class LocalUnavailable(EngineUnavailable):
    """No installed PostgreSQL can be used here; what else would serve is said last.

    Args:
        ways: what would let one be used, without a full stop.
    """

    def __init__(self, problem: str, ways: str) -> None:
        others = "--engine embedded, --engine container or --engine URL"
        super().__init__(problem, f"{ways}, or take {others}.")


class ServerUnsupported(ConformanceError):
    """A server answers, but is not a TimescaleDB that can be checked."""


class ModelsUnavailable(ConformanceError):
    """The metadata to compare with cannot be imported or declares nothing."""


class MigrationFailed(ConformanceError):
    """The migration does not run to its end on an empty database."""


class BaseUnavailable(ConformanceError):
    """What the new revisions are new against cannot be read."""


def why_no_verdict(error: BaseException) -> str:
    """What ended a run before its verdict, in one sentence or two.

    What is none of our errors comes from code of others that runs within ours — models, env.py, a
    revision; even a `sys.exit(0)` there is no verdict — or is a defect of ours.
    """
    if isinstance(error, ConformanceError):
        return str(error)
    if isinstance(error, KeyboardInterrupt):
        return "Interrupted."
    where = traceback.extract_tb(error.__traceback__)[-1:]
    place = "".join(f" at {frame.filename}, line {frame.lineno}" for frame in where)
    return (
        f"Ended by {named(error)}{place}. If nothing is wrong there, it is a defect of"
        " conformance: please report it."
    )


def named(error: BaseException) -> str:
    """An error with its kind, on one line and without a full stop."""
    return f"{type(error).__name__}: {one_line(error)}".rstrip(".: ")


def primary(error: BaseException) -> str:
    """An error with its kind, and of a database's words only the first, on one line."""
    kind = type(getattr(error, "orig", None) or error).__name__
    return f"{kind}: {message_of(error)}".rstrip(".: ")


def message_of(error: BaseException) -> str:
    """What an error says, on one line; of a database's words the primary message."""
    original = getattr(error, "orig", None) or error
    message = getattr(getattr(original, "diag", None), "message_primary", None) or original
    return " ".join(str(message).split())


def details_of(error: BaseException) -> tuple[str, ...]:
    """The lines of a database's DETAIL; none where it gives none."""
    original = getattr(error, "orig", None) or error
    detail = getattr(getattr(original, "diag", None), "message_detail", None)
    return tuple(str(detail).splitlines()) if detail else ()


def one_line(error: BaseException) -> str:
    """What an error says, on one line: a database's own words, without SQLAlchemy's."""
    return " ".join(str(getattr(error, "orig", None) or error).split())
