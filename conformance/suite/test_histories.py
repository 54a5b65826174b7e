"""Histories of writes: a hypertable behaves like a plain table with the same constraints."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from hypothesis.errors import Unsatisfiable
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy.exc import SQLAlchemyError

from conformance.checking import outcomes
from conformance.checking.profiles import HISTORIES, STEPS, generation_of
from conformance.checking.session import metadata_of
from conformance.comparing.facts import EXISTS, FactKey
from conformance.comparing.findings import Finding
from conformance.errors import one_line
from conformance.histories.avoidance import avoidance_of
from conformance.histories.machine import history_of, rules_not_played
from conformance.histories.script import render_script, script_of
from conformance.histories.stage import Stage, fill_parents, histories_template
from conformance.histories.subject import Subject, compressing_job
from conformance.population.given import given
from conformance.population.thinness import PLAIN_ROWS_ONLY, why_not_generated
from conformance.strategies import natural_key, unknown_columns
from conformance.suite.refusals import refusal_of
from conformance.suite.row_world import hypertables_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import MetaData, Table

    from conformance.checking.outcomes import Record
    from conformance.comparing.comparison import Comparison
    from conformance.engines.base import Engine, Template
    from conformance.observed import Scope
    from conformance.suite.row_world import Writes


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every hypertable of `--models`."""
    tables = hypertables_of(metadata_of(metafunc.config))
    metafunc.parametrize("hypertable", tables, ids=[table.fullname for table in tables])


@pytest.fixture(scope="module")
def stage(
    conformance_engine: Engine,
    kept_template: Template,
    conformance_metadata: MetaData,
) -> Iterator[Stage]:
    """The database for the histories of all tables."""
    template = histories_template(
        kept_template,
        conformance_metadata,
        community=conformance_engine.capabilities.community_edition,
    )
    with ExitStack() as stack:
        try:
            stage = stack.enter_context(Stage(conformance_engine, template))
        except (SQLAlchemyError, ValueError) as error:
            if refusal := refusal_of(conformance_engine, conformance_metadata, fill_parents, error):
                raise refusal from None
            reason = one_line(error)
            pytest.skip(f"not checked: cannot insert parent rows for these models: {reason}")
        yield stage


@pytest.fixture
def subject(
    hypertable: Table,
    stage: Stage,
    conformance_engine: Engine,
    conformance_scope: Scope,
    comparison: Comparison,
    request: pytest.FixtureRequest,
    record: Record,
) -> Subject:
    """The hypertable, its write path, and what the server can do with it."""
    schema = hypertable.schema or conformance_scope.default_schema
    name = conformance_scope.name(schema, hypertable.name)
    cause = comparison.findings.get(FactKey("hypertable", name, "", "integer_now"))
    if cause is not None and cause.observed is None:
        # Its policy would fail in every history.
        outcomes.fail(record, cause)
    if lacks := _missing(comparison, name):
        outcomes.skip_consequence(record, lacks)
    interval = FactKey("hypertable", name, "", "chunk_interval")
    try:
        natural_key(hypertable)
    except ValueError as error:
        outcomes.skip_not_checked(record, f"cannot generate histories: {error}")
    connection = stage.connections.plain
    writes = _writes(request)
    version = conformance_engine.server.timescaledb
    community = conformance_engine.capabilities.community_edition
    return Subject(
        hypertable,
        given(connection, hypertable),
        insert_new=None if writes is None else writes.insert_new,
        upsert=None if writes is None else writes.upsert,
        compresses=community,
        job=compressing_job(connection, hypertable) if community else None,
        restartable=conformance_engine.capabilities.restartable,
        avoidance=avoidance_of(
            hypertable, version, compresses=community, other_chunks=interval in comparison.findings
        ),
    )


def _missing(comparison: Comparison, table: str) -> Finding | None:
    """The finding that the table, or a column that histories write, is missing."""
    found = {**comparison.findings, **comparison.consequences}
    return next(
        (
            finding
            for key, finding in found.items()
            if key.kind in ("table", "column")
            and (key.table, key.attribute) == (table, EXISTS)
            and finding.disagreement == "missing"
        ),
        None,
    )


def _writes(request: pytest.FixtureRequest) -> Writes | None:
    """The write path; None if none is configured, and histories then run without it."""
    try:
        found: Writes = request.getfixturevalue("writes")
    except pytest.skip.Exception:
        return None
    return found


def test_history(
    subject: Subject, stage: Stage, request: pytest.FixtureRequest, record: Record
) -> None:
    """The hypertable has the same rows as a plain table with the same constraints and writes.

    A history writes rows, compresses and drops chunks, and runs policies. The rows are compared
    after each step, and after decompressing all chunks and rebuilding the indexes.
    """
    generation = generation_of(request.config)
    try:
        machine = history_of(subject, stage)
    except ValueError as error:
        reason = why_not_generated(stage.connections.writing, subject.table, error)
        stage.connections.writing.rollback()
        outcomes.skip_not_checked(record, reason)
    for column, reason in unknown_columns(subject.table).items():
        part = f"rows:{subject.table.fullname}:{column}"
        outcomes.part_not_checked(
            record, part, f"{PLAIN_ROWS_ONLY}: the column is NULL in every row: {reason}"
        )
    for word, reason in rules_not_played(subject).items():
        part = f"rows:{subject.table.fullname}:history:{word}"
        outcomes.part_not_checked(record, part, reason)
    histories, rows = stage.histories, stage.rows
    try:
        with generation.running():
            run_state_machine_as_test(
                generation.seeded(machine),
                settings=generation.settings_for(
                    f"{subject.table.fullname}:history",
                    max_examples=generation.examples(HISTORIES),
                    stateful_step_count=STEPS[generation.profile],
                ),
            )
    except Unsatisfiable as error:
        outcomes.skip_not_checked(record, f"cannot generate rows: {error}")
    except Exception as error:
        outcomes.fail(record, _finding(subject, stage, error))
    finally:
        tried = {"histories": stage.histories - histories, "rows": stage.rows - rows}
        record(outcomes.TRIED, tried)


def _finding(subject: Subject, stage: Stage, error: BaseException) -> Finding:
    script = script_of(subject, stage)
    name = subject.table.fullname
    reason = str(error).strip().partition("\n")[0] or type(error).__name__
    return Finding(
        id=f"rows:{name}:history",
        kind="rows",
        object=name,
        attribute="history",
        disagreement="different",
        expected=None,
        observed=script,
        message=f"rows of {name}: after a history the rows differ from a plain table: {reason}",
        hint="This is the shortest history that was found. Run it with psql in a newly migrated"
        f" database:\n\n{render_script(script)}\n",
    )
