"""The pytest side: options, the header, the engine's life. Thin; the work is done elsewhere.

pytest finds it by its entry point. A run without a check of ours imports nothing for it but pytest,
and starts nothing.
"""

from __future__ import annotations

from collections import Counter
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

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
from conformance.checking.options import add_options
from conformance.checking.session import (
    NO_VERDICT,
    choice_for_workers,
    end_session,
    metadata_of,
    session_of,
    started,
)
from conformance.process.standard_library import put_first

if TYPE_CHECKING:
    from collections.abc import Iterable

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

_SUITE = Path(__file__).parent / "suite"
_STOPPED = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--conformance-engine`, `--conformance-models` and the others."""
    add_options(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Markers of the suite; and before pytest imports what it needs, a worker's path."""
    if config.inipath == _SUITE / "pytest.ini":
        put_first()
    config.addinivalue_line(
        "markers", "needs(capability, ...): what the engine's server must be able to do"
    )


def pytest_report_collectionfinish(
    config: pytest.Config, items: Iterable[pytest.Item]
) -> list[str]:
    """Where the suite is about to run: start the engine, and name it.

    Tests of others that use a fixture of ours start it when the first of them runs.
    """
    if config.getoption("collectonly") or not any(_is_ours(item) for item in items):
        return []
    from conformance.errors import ConformanceError

    try:
        metadata_of(config)
        session_of(config)
    except ConformanceError as error:
        pytest.exit(f"conformance: {error}", returncode=NO_VERDICT)
    return _header(config)


def _is_ours(item: pytest.Item) -> bool:
    return item.path.is_relative_to(_SUITE)


def _header(config: pytest.Config) -> list[str]:
    """Engine, PostgreSQL's and TimescaleDB's version, edition; what examples come from."""
    from conformance.checking.profiles import generation_of

    used, generation = session_of(config).used, generation_of(config)
    lines = [f"engine: {used}", *([f"        {used.note}"] if used.note else [])]
    lines.append(f"generated: {generation}")
    if generation.kept is None:
        lines.append("        failing examples are not kept: the cache folder cannot be written")
    if generation.shared:
        from conformance.checking.examples import trouble_with

        trouble = trouble_with(generation.shared)
        found = f"not found: {trouble}" if trouble else "tried too"
        lines.append(f"        failing examples of {generation.shared} are {found}")
    return lines


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """How much was tried, and what repeats it; also with -q, and with pytest-xdist."""
    tried: Counter[str] = Counter()
    for report in chain.from_iterable(terminalreporter.stats.values()):
        if isinstance(report, pytest.TestReport) and report.user_properties:
            from conformance.checking.outcomes import add_tried

            add_tried(tried, report)
    if tried.total():
        from conformance.checking.profiles import generation_of
        from conformance.comparing.verdict import describe_counts

        terminalreporter.write_line(
            f"generated: {describe_counts(tried)} ({generation_of(config)})"
        )


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Workers of pytest-xdist use the controller's server and seed, where the suite runs."""
    if not _runs_the_suite(node.config):
        return
    from conformance.checking.profiles import tell_worker
    from conformance.errors import ConformanceError

    try:
        node.workerinput["conformance_engine"] = choice_for_workers(session_of(node.config))
    except ConformanceError as error:
        pytest.exit(f"conformance: {error}", returncode=NO_VERDICT)
    tell_worker(node.config, node.workerinput)


def _runs_the_suite(config: pytest.Config) -> bool:
    """Whether what is to be collected holds the suite, as far as the arguments say.

    The controller of pytest-xdist starts its workers before anything is collected.
    """
    return any(_SUITE.is_relative_to(path) for path in _collected(config)) or any(
        path.is_relative_to(_SUITE) for path in _collected(config)
    )


def _collected(config: pytest.Config) -> list[Path]:
    named = [argument.split("::")[0] for argument in config.args]
    if config.getoption("pyargs"):
        ours = "conformance.suite"
        return [_SUITE for name in named if name == ours or name.startswith(f"{ours}.")]
    return [(config.invocation_params.dir / name).resolve() for name in named]


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing running."""
    end_session(config)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """What keeps one check from running keeps the others too: say so once, and stop."""
    if (
        call.excinfo is None
        or (reason := _why_not_run(item, call.when, call.excinfo.value)) is None
    ):
        return
    from conformance.checking.outcomes import COULD_NOT_RUN

    item.user_properties.append((COULD_NOT_RUN, reason))
    item.session.shouldstop = reason
    item.config.stash[_STOPPED] = True


def _why_not_run(item: pytest.Item, when: str, error: BaseException) -> str | None:
    from conformance.errors import ConformanceError, describe_error

    if isinstance(error, ConformanceError):
        return str(error)
    if not _is_ours(item):
        return None
    from sqlalchemy import make_url

    from conformance.engines.connecting import is_lost_connection, lost_connection, no_connection

    if is_lost_connection(error):
        return str(lost_connection(item.name))
    session = started(item.config)
    address = session and session.engine.server_url
    if address and (refused := no_connection(error, make_url(address))) is not None:
        return str(refused)
    outcome = isinstance(error, pytest.skip.Exception | pytest.fail.Exception)
    if when == "setup" and not outcome:
        return f"A check cannot be set up: {describe_error(error)}."
    return None


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Without a verdict the exit code is 2."""
    if session.config.stash.get(_STOPPED, False):
        session.exitstatus = NO_VERDICT


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Report a check as not checked where the server lacks what it needs."""
    for marker in item.iter_markers("needs"):
        reason = session_of(item.config).engine.capabilities.missing(*marker.args)
        if reason is not None:
            item.user_properties.append(("not_checked", reason))
            pytest.skip(f"not checked: {reason}")
