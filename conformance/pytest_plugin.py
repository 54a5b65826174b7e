"""The pytest plugin: options, the header, starting and stopping the engine.

pytest finds the plugin by its entry point. A run without the suite and its fixtures imports only
pytest for it, and starts nothing.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
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
    kept_template,
    migrated_database,
    migrations,
    migrations_of,
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
    from collections.abc import Generator, Iterable, Iterator

    from conformance.engines.started import Session

__all__ = [
    "comparison",
    "conformance_engine",
    "conformance_metadata",
    "conformance_scope",
    "empty_database",
    "kept_template",
    "migrated_database",
    "migrations",
    "record",
    "schema_template",
]

_SUITE = Path(__file__).parent / "suite"
#: Why the suite could not go on.
_STOPPED = pytest.StashKey[str]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--conformance-engine`, `--conformance-models` and the other options."""
    add_options(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Add the marker of the suite; set the import path of a worker before pytest imports more.

    Keep pytest-alembic, which the suite needs, out of runs that do not ask for its own tests.
    """
    if config.inipath == _SUITE / "pytest.ini":
        put_first()
    config.addinivalue_line(
        "markers", "needs(capability, ...): the capabilities that the engine's server must have"
    )
    # Its collector, empty without --test-alembic, fails with pytest 9.2 where tests/conftest.py is.
    if not config.getoption("pytest_alembic_registration_enabled", default=True):
        config.option.pytest_alembic_tests_path = "none"


def pytest_report_collectionfinish(
    config: pytest.Config, items: Iterable[pytest.Item]
) -> list[str]:
    """Start the engine if the suite is about to run, and name the engine in the header.

    A project's own tests start the engine when the first of them uses a fixture.
    """
    if config.getoption("collectonly") or not any(_is_ours(item) for item in items):
        return []
    from conformance.checking.excusing import policy_of
    from conformance.errors import ConformanceError

    try:
        policy_of(config)
        metadata_of(config)
        session_of(config)
    except ConformanceError as error:
        pytest.exit(f"conformance: {error}", returncode=NO_VERDICT)
    return _header(config)


def _is_ours(item: pytest.Item) -> bool:
    return item.path.is_relative_to(_SUITE)


def _header(config: pytest.Config) -> list[str]:
    """The header: engine, versions, edition; profile and seed of the examples."""
    from conformance.checking.profiles import generation_of

    used, generation = session_of(config).used, generation_of(config)
    lines = [f"engine: {used}", *([f"        {used.note}"] if used.note else [])]
    lines.append(f"generated: {generation}")
    if generation.kept is None:
        lines.append("        cannot keep failing examples: the cache folder cannot be written")
    if generation.shared:
        from conformance.checking.examples import trouble_with

        trouble = trouble_with(generation.shared)
        found = f"cannot be read: {trouble}" if trouble else "are tried, too"
        lines.append(f"        failing examples of {generation.shared} {found}")
    return lines


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print how much was generated, and the seed that repeats it; also with -q and xdist."""
    tried: Counter[str] = Counter()
    for report in _reports(terminalreporter):
        from conformance.checking.outcomes import add_tried

        add_tried(tried, report)
    if tried.total():
        from conformance.checking.profiles import generation_of
        from conformance.comparing.verdict import describe_counts

        terminalreporter.write_line(
            f"generated: {describe_counts(tried)} ({generation_of(config)})"
        )


def _reports(terminalreporter: Any) -> Iterator[pytest.TestReport]:
    """The reports of tests that say more than the outcome."""
    for report in chain.from_iterable(terminalreporter.stats.values()):
        if isinstance(report, pytest.TestReport) and report.user_properties:
            yield report


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Pass the controller's server and seed to a pytest-xdist worker, if the suite runs."""
    if not _runs_the_suite(node.config):
        return
    from conformance.checking.excusing import policy_of
    from conformance.checking.profiles import tell_worker
    from conformance.errors import ConformanceError

    try:
        policy_of(node.config)
        node.workerinput["conformance_engine"] = choice_for_workers(session_of(node.config))
    except ConformanceError as error:
        pytest.exit(f"conformance: {error}", returncode=NO_VERDICT)
    tell_worker(node.config, node.workerinput)


def _runs_the_suite(config: pytest.Config) -> bool:
    """Whether the arguments of pytest select the suite.

    The controller of pytest-xdist must know before it collects, when it starts its workers.
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
    """Stop the engine."""
    end_session(config)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Stop the suite if an error keeps a check, and thereby all others, from running.

    Report a check as skipped if the project does not count any of its findings.
    """
    reason = call.excinfo and _why_not_run(item, call.when, call.excinfo.value)
    if reason is not None:
        from conformance.checking.outcomes import COULD_NOT_RUN

        item.user_properties.append((COULD_NOT_RUN, reason))
        if _is_ours(item):
            _stop(item, reason)
    report = yield
    if report.failed and _is_ours(item):
        from conformance.checking.excusing import excuse
        from conformance.checking.explaining import explain

        if call.excinfo is not None:
            explain(item, report, call.excinfo.value)
        excuse(item, report)
    return report


def _stop(item: pytest.Item, reason: str) -> None:
    """End the run if all of it is the suite; else only skip what is left of the suite."""
    item.config.stash[_STOPPED] = reason
    if all(_is_ours(other) for other in item.session.items):
        item.session.shouldstop = reason


def _why_not_run(item: pytest.Item, when: str, error: BaseException) -> str | None:
    from conformance.errors import ConformanceError, describe_error

    if isinstance(error, ConformanceError) and (_is_ours(item) or when == "setup"):
        return str(error)
    if not _is_ours(item):
        return None
    from sqlalchemy import make_url

    from conformance.engines.connecting import no_connection, trouble_of_server

    session = started(item.config)
    address = session and session.engine.server_url
    if address and (refused := no_connection(error, make_url(address))) is not None:
        return str(refused)
    if (trouble := trouble_of_server(error, item.name)) is not None:
        return str(trouble)
    outcome = isinstance(error, pytest.skip.Exception | pytest.fail.Exception)
    if when == "setup" and not outcome:
        told = session and _of_a_revision(item.config, session, error)
        from conformance.project.models import line_of

        where = line_of(error, Path.cwd())
        return told or f"The fixtures of a check fail: {describe_error(error)}{where}."
    return None


def _of_a_revision(config: pytest.Config, session: Session, error: BaseException) -> str | None:
    """The error of a revision or of env.py, told as where the schema is migrated."""
    from conformance.errors import ConformanceError

    with suppress(ConformanceError):
        migrations = migrations_of(config, session.engine)
        if migrations.failure_in_a_file(error) is not None:
            return str(migrations.why_it_failed(error))
    return None


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Set the exit code to 2 if there is no verdict."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        # pytest-xdist ends the whole run if a worker exits with 2.
        without = _STOPPED in session.config.stash and bool(session.shouldstop)
    else:
        from conformance.checking.outcomes import COULD_NOT_RUN

        without = any(
            COULD_NOT_RUN in dict(report.user_properties) for report in _reports(reporter)
        )
    if without:
        session.exitstatus = NO_VERDICT


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Report a check as not checked if its rule is off, or the server lacks a capability."""
    if _is_ours(item):
        if _STOPPED in item.config.stash:
            pytest.skip(f"could not run: {item.config.stash[_STOPPED]}")
        from conformance.checking.excusing import switched_off

        if (why := switched_off(item)) is not None:
            item.user_properties.append(("not_checked", why))
            pytest.skip(f"not checked: {why}")
    for marker in item.iter_markers("needs"):
        reason = session_of(item.config).engine.capabilities.missing(*marker.args)
        if reason is not None:
            item.user_properties.append(("not_checked", reason))
            pytest.skip(f"not checked: {reason}")
