"""The pytest side: options, the header, the engine's life. Thin; the work is done elsewhere.

Load it with `pytest_plugins = ["conformance.pytest_plugin"]` in the top-level conftest.py, or
with `-p conformance.pytest_plugin`.
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from conformance.checking.fixtures import (
    comparison,
    conformance_engine,
    conformance_metadata,
    conformance_scope,
    empty_database,
    migrated_database,
    migrations,
    record,
    schema_template,
)
from conformance.checking.outcomes import COULD_NOT_RUN, add_tried
from conformance.checking.profiles import FIXED_SEED, PROFILES, generation_of, tell_worker
from conformance.checking.session import choice_for_workers, end_session, metadata_of, session_of
from conformance.comparing.verdict import in_words
from conformance.engines.connecting import is_lost_connection, lost_connection, no_connection
from conformance.errors import ConformanceError, named
from conformance.project.models import DEFAULT_MODELS

__all__ = [
    "comparison",
    "conformance_engine",
    "conformance_metadata",
    "conformance_scope",
    "empty_database",
    "migrated_database",
    "migrations",
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
        metavar="MODULE",
        help="The module with insert_new and upsert, whose idempotence is proven"
        " (default: writes in the package of --models).",
    )
    group.addoption(
        "--profile",
        dest="conformance_profile",
        default=os.environ.get("CONFORMANCE_PROFILE", "quick"),
        choices=tuple(PROFILES),
        help="How many generated examples: quick (the default), thorough, nightly.",
    )
    group.addoption(
        "--seed",
        dest="conformance_seed",
        type=int,
        metavar="N",
        help="Draw the examples of the run that printed this seed"
        f" (default: {FIXED_SEED}; nightly: a new one).",
    )
    group.addoption(
        "--examples",
        dest="conformance_examples",
        type=_positive,
        metavar="N",
        help="Examples for each property of each table, and histories of each,"
        " instead of the profile's numbers.",
    )
    group.addoption(
        "--alembic-ini",
        dest="alembic_ini",
        default="alembic.ini",
        metavar="FILE",
        help="Alembic's configuration (default: alembic.ini).",
    )


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of examples")
    return int(text)


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
    """Engine, PostgreSQL's and TimescaleDB's version, edition; what examples come from."""
    if config.getoption("collectonly"):
        return []
    used, generation = session_of(config).used, generation_of(config)
    lines = [f"engine: {used}", *([f"        {used.note}"] if used.note else [])]
    lines.append(f"generated: {generation}")
    if generation.kept is None:
        lines.append("        failing examples are not kept: the cache folder cannot be written")
    return lines


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """How much was tried, and what repeats it; also with -q, and with pytest-xdist."""
    tried: Counter[str] = Counter()
    for report in chain.from_iterable(terminalreporter.stats.values()):
        if isinstance(report, pytest.TestReport):
            add_tried(tried, report)
    if tried.total():
        terminalreporter.write_line(f"generated: {in_words(tried)} ({generation_of(config)})")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Workers of pytest-xdist use the controller's server and seed."""
    node.workerinput["conformance_engine"] = choice_for_workers(session_of(node.config))
    tell_worker(node.config, node.workerinput)


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
    if not item.path.is_relative_to(_SUITE):
        return None
    if is_lost_connection(error):
        return str(lost_connection(item.name))
    address = session_of(item.config).engine.server_url
    if address is not None and (refused := no_connection(error, make_url(address))) is not None:
        return str(refused)
    outcome = isinstance(error, pytest.skip.Exception | pytest.fail.Exception)
    if when == "setup" and not outcome:
        return f"A check cannot be set up: {named(error)}."
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
