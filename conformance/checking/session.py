"""What one pytest session shares: the engine and the metadata, opened at most once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.engines.started import Session, start_session
from conformance.project.models import load_metadata

if TYPE_CHECKING:
    from sqlalchemy import MetaData


_SESSION = pytest.StashKey[Session]()
_METADATA = pytest.StashKey["MetaData"]()


def session_of(config: pytest.Config) -> Session:
    """The session's engine, started on first use.

    Raises:
        ConformanceError: it cannot be had.
    """
    if _SESSION not in config.stash:
        config.stash[_SESSION] = start_session(*_choice(config))
    return config.stash[_SESSION]


def use_session(config: pytest.Config, session: Session) -> None:
    """Give the pytest session an engine that somebody else started and will stop."""
    config.stash[_SESSION] = session


def end_session(config: pytest.Config) -> None:
    """Stop the engine, if one was started."""
    if _SESSION in config.stash:
        config.stash[_SESSION].engine.stop()
        del config.stash[_SESSION]


def metadata_of(config: pytest.Config) -> MetaData:
    """The metadata that `--models` names, imported on first use.

    Raises:
        ModelsUnavailable: it cannot be imported.
    """
    if _METADATA not in config.stash:
        config.stash[_METADATA] = load_metadata(config.getoption("conformance_models"))
    return config.stash[_METADATA]


def _choice(config: pytest.Config) -> tuple[str, str | None]:
    """The engine and the image asked for; in a worker of pytest-xdist, what its controller took."""
    given: dict[str, str] = getattr(config, "workerinput", {})
    if "conformance_engine" in given:
        return given["conformance_engine"], None
    return str(config.getoption("conformance_engine")), config.getoption("conformance_image")


def choice_for_workers(session: Session) -> str:
    """What `--engine` would have to be to get databases on the same server."""
    return session.engine.server_url or session.engine.name
