"""Write a history as a script of plain SQL, for psql and a newly migrated database."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from conformance.histories.recording import execute_raw
from conformance.histories.twin import ancestors, name, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection, Table

    from conformance.histories.recording import Step
    from conformance.histories.stage import Stage
    from conformance.histories.subject import Subject


def script_of(subject: Subject, stage: Stage) -> list[str]:
    """The script of the history that the stage has just played: statements and comments.

    The script creates the parents and the twin, plays the steps, and queries the difference. Errors
    in it are part of the history: psql continues after an error, unless ON_ERROR_STOP is set. The
    write path's SELECTs are left out if the tables differ without them too, which is tried.
    """
    played = list(stage.recorder.steps)
    shorter = [replace(step, statements=_without_reads(step)) for step in played]
    stage.clear(subject.twins)
    # Only after clear(), which may replace the database.
    connection = stage.connections.plain
    steps = shorter if _differ_after(subject, connection, shorter) else played
    return [
        "-- parents",
        *(_parent(connection, table) for table in ancestors(subject.table)),
        "-- the twin: a plain table with the same constraints",
        *subject.twins.statements(),
        *(line for step in steps for line in _lines(step)),
        "-- returns no row if the two tables are the same",
        subject.twins.difference,
    ]


def _without_reads(step: Step) -> list[str]:
    if step.ending is None:
        return step.statements
    return [line for line in step.statements if not line.lstrip().upper().startswith("SELECT")]


def _differ_after(subject: Subject, connection: Connection, steps: Sequence[Step]) -> bool:
    for step in steps:
        for line in _lines(step):
            if not line.startswith("--"):
                with suppress(DBAPIError):
                    execute_raw(connection, line)
    return execute_raw(connection, subject.twins.difference).first() is not None


def render_script(script: Sequence[str]) -> str:
    """The script as one text, which can be pasted into psql."""
    return "\n".join(line if line.startswith("--") else f"{line};" for line in script)


def _lines(step: Step) -> Iterator[str]:
    yield f"-- {step.title}"
    if step.ending is None:
        yield from step.statements
    elif step.ending != "COMMIT" or len(step.statements) > 1:
        yield from ("BEGIN", *step.statements, step.ending)
    else:
        yield from step.statements


def _parent(connection: Connection, table: Table) -> str:
    """An INSERT of a parent's rows, with values as PostgreSQL spells them."""
    columns = [column for column in table.columns if column.computed is None]
    listed = ", ".join(quoted(column.name) for column in columns)
    values = ", ".join(f"quote_nullable({quoted(column.name)}::text)" for column in columns)
    order = ", ".join(quoted(column.name) for column in table.primary_key.columns) or "1"
    rows = execute_raw(connection, f"SELECT {values} FROM {name(table)} ORDER BY {order}")
    lines = ",\n  ".join(f"({', '.join(row)})" for row in rows)
    return f"INSERT INTO {name(table)} ({listed}) OVERRIDING SYSTEM VALUE VALUES\n  {lines}"
