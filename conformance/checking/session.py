"""What one pytest session shares: the engine and the metadata, opened at most once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.checking.options import options_of

if TYPE_CHECKING:
    from sqlalchemy import MetaData

    from conformance.engines.started import Session

#: The exit code of a run that has no verdict.
NO_VERDICT = 2

_SESSION = pytest.StashKey["Session"]()
_METADATA = pytest.StashKey["MetaData"]()


def session_of(config: pytest.Config) -> Session:
    """The session's engine, started on first use.

    Raises:
        ConformanceError: it cannot be had.
    """
    if _SESSION not in config.stash:
        from conformance.engines.started import start_session

        config.stash[_SESSION] = start_session(*_choice(config))
    return config.stash[_SESSION]


def started(config: pytest.Config) -> Session | None:
    """The session's engine, if anything has needed it so far."""
    return config.stash.get(_SESSION, None)


def use_session(config: pytest.Config, session: Session) -> None:
    """Give the pytest session an engine that somebody else started and will stop."""
    config.stash[_SESSION] = session


def end_session(config: pytest.Config) -> None:
    """Stop the engine, if one was started."""
    if _SESSION in config.stash:
        config.stash[_SESSION].engine.stop()
        del config.stash[_SESSION]


def metadata_of(config: pytest.Config) -> MetaData:
    """The metadata that `--conformance-models` names, imported on first use.

    Where it cannot be imported the session ends: there is nothing to check.
    """
    if _METADATA not in config.stash:
        from conformance.errors import ConformanceError
        from conformance.project.models import metadata_for

        try:
            config.stash[_METADATA] = metadata_for(options_of(config))
        except ConformanceError as error:
            pytest.exit(f"conformance: {error}", returncode=NO_VERDICT)
    return config.stash[_METADATA]


def _choice(config: pytest.Config) -> tuple[str, str | None]:
    """The engine and the image asked for; in a worker of pytest-xdist, what its controller took."""
    given: dict[str, str] = getattr(config, "workerinput", {})
    if "conformance_engine" in given:
        return given["conformance_engine"], None
    options = options_of(config)
    return options.engine, options.image


def choice_for_workers(session: Session) -> str:
    """What `--engine` would have to be to get databases on the same server."""
    return session.engine.server_url or session.engine.name
