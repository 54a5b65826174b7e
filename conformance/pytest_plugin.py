"""The pytest side: options, the header, the engine's life. Thin; the work is done elsewhere.

Load it with `pytest_plugins = ["conformance.pytest_plugin"]` in the top-level conftest.py, or
with `-p conformance.pytest_plugin`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from conformance.errors import ConformanceError
from conformance.fixtures import (
    apache_edition,
    comparison,
    conformance_engine,
    conformance_metadata,
    conformance_scope,
    empty_database,
    migrated_database,
    record,
    schema_template,
)
from conformance.profiles import PROFILES
from conformance.project import DEFAULT_MODELS, DEFAULT_WRITES
from conformance.session import choice_for_workers, end_session, metadata_of, session_of
from conformance.suite.outcomes import COULD_NOT_RUN

__all__ = [
    "apache_edition",
    "comparison",
    "conformance_engine",
    "conformance_metadata",
    "conformance_scope",
    "empty_database",
    "migrated_database",
    "record",
    "schema_template",
]

_EXIT_CODE = 2
_SUITE = Path(__file__).parent / "suite"
_STOPPED = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--engine`, `--image`, `--models`, `--alembic-ini`."""
    group = parser.getgroup("conformance", "TimescaleDB schema conformance")
    group.addoption(
        "--engine",
        dest="conformance_engine",
        default=os.environ.get("CONFORMANCE_ENGINE", "auto"),
        metavar="auto|embedded|container|URL",
        help="Where TimescaleDB comes from (default: $CONFORMANCE_ENGINE, else auto).",
    )
    group.addoption(
        "--image",
        dest="conformance_image",
        default=os.environ.get("CONFORMANCE_IMAGE"),
        metavar="IMAGE",
        help="The container's image.",
    )
    group.addoption(
        "--models",
        dest="conformance_models",
        default=DEFAULT_MODELS,
        metavar="PKG:METADATA",
        help=f"The SQLAlchemy metadata to compare with (default: {DEFAULT_MODELS}).",
    )
    group.addoption(
        "--writes",
        dest="conformance_writes",
        default=DEFAULT_WRITES,
        metavar="MODULE",
        help="The module with insert_new and upsert, whose idempotence is proven"
        f" (default: {DEFAULT_WRITES}).",
    )
    group.addoption(
        "--profile",
        dest="conformance_profile",
        default=os.environ.get("CONFORMANCE_PROFILE", "quick"),
        choices=tuple(PROFILES),
        help="How many generated examples: quick (the default), thorough, nightly.",
    )
    group.addoption(
        "--alembic-ini",
        dest="alembic_ini",
        default="alembic.ini",
        metavar="FILE",
        help="Alembic's configuration (default: alembic.ini).",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Markers of the suite."""
    config.addinivalue_line(
        "markers", "needs(capability, ...): what the engine's server must be able to do"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Start the engine, so that the header can name it; without one there is nothing to run."""
    if session.config.getoption("collectonly"):
        return
    try:
        metadata_of(session.config)
        session_of(session.config)
    except ConformanceError as error:
        pytest.exit(f"conformance: {error}", returncode=_EXIT_CODE)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Engine, PostgreSQL's and TimescaleDB's version, edition."""
    if config.getoption("collectonly"):
        return []
    used = session_of(config).used
    return [f"engine: {used}", *([f"        {used.note}"] if used.note else [])]


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Workers of pytest-xdist use the server that the controller started."""
    node.workerinput["conformance_engine"] = choice_for_workers(session_of(node.config))


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing running."""
    end_session(config)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """What keeps one check from running keeps the others too: say so once, and stop."""
    reason = None if call.excinfo is None else _why_not_run(item, call.when, call.excinfo.value)
    if reason is not None:
        item.user_properties.append((COULD_NOT_RUN, reason))
        item.session.shouldstop = reason
        item.config.stash[_STOPPED] = True


def _why_not_run(item: pytest.Item, when: str, error: BaseException) -> str | None:
    if isinstance(error, ConformanceError):
        return str(error)
    outcome = isinstance(error, pytest.skip.Exception | pytest.fail.Exception)
    if when == "setup" and item.path.is_relative_to(_SUITE) and not outcome:
        return f"A check cannot be set up: {type(error).__name__}: {' '.join(str(error).split())}"
    return None


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Without a verdict the exit code is 2."""
    if session.config.stash.get(_STOPPED, False):
        session.exitstatus = _EXIT_CODE


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Report a check as not checked where the server lacks what it needs."""
    for marker in item.iter_markers("needs"):
        reason = session_of(item.config).engine.capabilities.missing(*marker.args)
        if reason is not None:
            item.user_properties.append(("not_checked", reason))
            pytest.skip(f"not checked: {reason}")
