"""The engine and the metadata of a pytest session, opened at most once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.checking.options import options_of

if TYPE_CHECKING:
    from sqlalchemy import MetaData

    from conformance.engines.started import Session

#: The exit code of a run without a verdict.
NO_VERDICT = 2

_SESSION = pytest.StashKey["Session"]()
_METADATA = pytest.StashKey["MetaData"]()


def session_of(config: pytest.Config) -> Session:
    """The engine of the session; the first call starts it.

    Raises:
        ConformanceError: the engine is not available.
    """
    if _SESSION not in config.stash:
        from conformance.engines.started import start_session

        config.stash[_SESSION] = start_session(*_choice(config))
    return config.stash[_SESSION]


def started(config: pytest.Config) -> Session | None:
    """The engine of the session, if it has been started."""
    return config.stash.get(_SESSION, None)


def use_session(config: pytest.Config, session: Session) -> None:
    """Set the engine of the session to one that the caller started and will stop."""
    config.stash[_SESSION] = session


def end_session(config: pytest.Config) -> None:
    """Stop the engine, if one was started."""
    if _SESSION in config.stash:
        config.stash[_SESSION].engine.stop()
        del config.stash[_SESSION]


def metadata_of(config: pytest.Config) -> MetaData:
    """The metadata of `--conformance-models`, for the suite.

    If the import fails the session ends, because there is nothing to check.
    """
    from conformance.errors import ConformanceError

    try:
        return imported_metadata(config)
    except ConformanceError as error:
        pytest.exit(f"conformance: {error}", returncode=NO_VERDICT)


def imported_metadata(config: pytest.Config) -> MetaData:
    """The metadata of `--conformance-models`; the first call imports it.

    Raises:
        ConformanceError: the import fails.
    """
    if _METADATA not in config.stash:
        from conformance.project.models import metadata_for

        config.stash[_METADATA] = metadata_for(options_of(config))
    return config.stash[_METADATA]


def _choice(config: pytest.Config) -> tuple[str, str | None]:
    """The chosen engine and image; a pytest-xdist worker uses the engine of its controller."""
    given: dict[str, str] = getattr(config, "workerinput", {})
    if "conformance_engine" in given:
        return given["conformance_engine"], None
    options = options_of(config)
    return options.engine, options.image


def choice_for_workers(session: Session) -> str:
    """The value of `--engine` with which another process gets databases on the same server."""
    return session.engine.server_url or session.engine.name
