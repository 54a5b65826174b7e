"""Errors that prevent a verdict.

Users read these errors: one sentence says what was found, another what to do. The command line
prints both, without a traceback, and exits with 2.
"""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any, TypeGuard

from conformance.comparing.partitions import missing_partition


class ConformanceError(Exception):
    """The run cannot produce a verdict.

    Args:
        problem: one sentence that says what was found, and where; never contains a password.
        hint: one sentence that says what to do; may be empty.
    """

    def __init__(self, problem: str, hint: str = "") -> None:
        super().__init__(problem, hint)
        self.problem = problem
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.problem} {self.hint}".strip()


class EngineUnavailable(ConformanceError):
    """The requested engine cannot be started or reached on this machine."""


class ContainerUnavailable(EngineUnavailable):
    """No container can be started; the hint also names other engines.

    Args:
        ways: what would make containers available, without a full stop.
    """

    def __init__(self, problem: str, ways: str) -> None:
        others = "--engine local, --engine embedded or --engine URL"
        super().__init__(problem, f"{ways}, or use {others}.")
        self.ways = ways

    def for_two_images(self) -> EngineUnavailable:
        """The error for a comparison of two images, which no other engine can replace."""
        return EngineUnavailable(
            self.problem,
            f"{self.ways}, or give two versions of TimescaleDB and the server that has both: "
            "--engine URL.",
        )


class LocalUnavailable(EngineUnavailable):
    """No installed PostgreSQL can be used; the hint also names other engines.

    Args:
        ways: what would make an installation usable, without a full stop.
    """

    def __init__(self, problem: str, ways: str) -> None:
        others = "--engine embedded, --engine container or --engine URL"
        super().__init__(problem, f"{ways}, or use {others}.")


class ServerUnsupported(ConformanceError):
    """The server is not a TimescaleDB that can be checked."""


class ModelsUnavailable(ConformanceError):
    """The models' metadata cannot be imported or is empty."""


class NoModels(ModelsUnavailable):
    """Neither the configuration nor env.py names models: the project may have none."""


class DeclaredAndLeft(ConformanceError):
    """The configuration leaves to others what the models declare."""


class MigrationFailed(ConformanceError):
    """The migration fails on an empty database."""


class ConnectedOffline(MigrationFailed):
    """env.py or a revision opens a connection where it should only print SQL."""


class BaseUnavailable(ConformanceError):
    """The base, which decides which revisions are new, cannot be read."""


#: SQLSTATEs of a relation, a column and a function that do not exist.
_UNKNOWN_NAMES = ("42P01", "42703", "42883")
#: The folder of the modules that read the catalog.
_READS = str(Path("conformance") / "observed")


def why_no_verdict(error: BaseException) -> str:
    """Say in one or two sentences why a run ended without a verdict.

    An error that is not a ConformanceError comes from the user's code (models, env.py, a revision;
    even a `sys.exit(0)` there prevents a verdict), or is a defect of conformance.
    """
    if isinstance(error, ConformanceError):
        return str(error)
    if isinstance(error, KeyboardInterrupt):
        return "Interrupted."
    if is_of_unknown_catalog(error):
        return (
            f"The catalog of this server is not as known: {message_of(error)}. TimescaleDB may be"
            " newer than this version of conformance knows: use a newer conformance, or an older"
            " TimescaleDB."
        )
    where = traceback.extract_tb(error.__traceback__)[-1:]
    place = "".join(f" at {frame.filename}, line {frame.lineno}" for frame in where)
    return (
        f"Ended by {describe_error(error)}{place}. If that code is right, this is a defect of"
        " conformance: please report it."
    )


def is_of_unknown_catalog(error: BaseException) -> bool:
    """Whether a query of the catalog names what the server's catalog does not have."""
    frames = traceback.extract_tb(error.__traceback__)
    return state_of(error) in _UNKNOWN_NAMES and any(_READS in frame.filename for frame in frames)


def describe_error(error: BaseException) -> str:
    """The type and message of an error, on one line and without a full stop."""
    return f"{type(error).__name__}: {one_line(error)}".rstrip(".: ")


def describe_briefly(error: BaseException) -> str:
    """The type of an error and its message, or a server's primary message, on one line."""
    if missing := missing_partition(message_of(error), " ".join(details_of(error))):
        return missing
    kind = type(getattr(error, "orig", None) or error).__name__
    return f"{kind}: {message_of(error)}".rstrip(".: ")


def message_of(error: BaseException) -> str:
    """The message of an error, or a server's primary message, on one line."""
    if is_of_pydantic(error) or isinstance(error, SyntaxError):
        return one_line(error)
    original = getattr(error, "orig", None) or error
    return " ".join(str(_of_server(error, "primary") or original).split())


def state_of(error: BaseException) -> str:
    """The SQLSTATE of a server's error; empty if the error has none."""
    original = getattr(error, "orig", None) or error
    # psycopg2 says pgcode; psycopg 3, asyncpg and SQLAlchemy's adapters say sqlstate.
    state = getattr(original, "pgcode", None) or getattr(original, "sqlstate", None)
    return str(state or "")


def details_of(error: BaseException) -> tuple[str, ...]:
    """The lines of a server message's DETAIL; empty if the message has no DETAIL."""
    return tuple(_of_server(error, "detail").splitlines())


def server_hint_of(error: BaseException) -> str:
    """The HINT of a server message on one line; empty if the message has none."""
    return " ".join(_of_server(error, "hint").split())


def _of_server(error: BaseException, field: str) -> str:
    """A field of a server's message: primary, detail or hint; empty if the message lacks it."""
    original = getattr(error, "orig", None) or error
    # asyncpg's own error is the cause of the one that SQLAlchemy raises for it.
    for one in (original, original.__cause__):
        if (diag := getattr(one, "diag", None)) is not None:
            return str(getattr(diag, f"message_{field}", None) or "")
        if hasattr(one, "sqlstate") and hasattr(one, "detail"):
            return str(getattr(one, "message" if field == "primary" else field, None) or "")
    return ""


def one_line(error: BaseException) -> str:
    """The message of an error on one line, without SQLAlchemy's additions to a server's message.

    Nor with what pydantic adds: the values of a settings object, and so its passwords. A syntax
    error has the path of its file.
    """
    if is_of_pydantic(error):
        parts = (
            f"{'.'.join(map(str, item['loc']))}: {item['msg']}"
            for item in error.errors(include_url=False, include_input=False)
        )
        return f"{error.title}: {'; '.join(parts)}"
    if isinstance(error, SyntaxError) and error.filename:
        # Python's own words name the file without its folder.
        return f"{error.msg} ({error.filename}, line {error.lineno})"
    return " ".join(str(getattr(error, "orig", None) or error).split())


def is_of_pydantic(error: Any) -> TypeGuard[Any]:
    """Whether it is pydantic's ValidationError, which is not imported here."""
    return type(error).__name__ == "ValidationError" and hasattr(error, "errors")
