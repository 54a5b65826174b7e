"""What only the database can tell about rows: the values that some columns may have."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Integer, cast, column, func, literal_column, select, values
from sqlalchemy.exc import DBAPIError

from conformance.errors import state_of
from conformance.observed.explaining import ask_in_halves
from conformance.strategies.questions import Question, questions_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection, Table

#: Where some combinations have to be asked about alone: a part of them, if they are more than this.
#: The part is a prime, because values repeat.
_FEW, _EVERY = 250, 7
#: The class of errors that do not depend on values, such as an unknown function.
_UNKNOWN_NAME = "42"


@dataclass(frozen=True)
class Answer:
    """Which values of some columns satisfy their checks.

    Attributes:
        keys: the columns, as in `insert()`.
        unread: the names of the checks that are not understood.
        satisfying: the values that all checks of these columns allow.
        violating: name of any check of these columns -> the values that it alone refuses, by
            column.
    """

    keys: tuple[str, ...]
    unread: tuple[str, ...]
    satisfying: list[tuple[Any, ...]]
    violating: dict[str, list[dict[str, Any]]]

    @property
    def is_varied(self) -> bool:
        """Whether rows exercise the checks: with more than NULL and a single value."""
        return sum(None not in values for values in self.satisfying) > 1


def given(
    connection: Connection, table: Table, answered: Sequence[Answer] | None = None
) -> dict[str, Any]:
    """The arguments of `rows` that come from the database: `parents` and `satisfying`.

    Args:
        answered: what `answers` has returned, so that nothing is asked twice.
    """
    found = answers(connection, table) if answered is None else answered
    return {
        "parents": parents_of(connection, table),
        "satisfying": {answer.keys: answer.satisfying for answer in found},
    }


def parents_of(connection: Connection, table: Table) -> dict[str, list[Any]]:
    """The values that the table's foreign keys can have: rows, if a key has several columns."""
    found: dict[str, list[Any]] = {}
    constraints = table.foreign_key_constraints
    for parent in {constraint.referred_table for constraint in constraints}:
        keys = [
            [element.column for element in constraint.elements]
            for constraint in constraints
            if constraint.referred_table is parent
        ]
        columns = list(dict.fromkeys(column for key in keys for column in key))
        known = connection.execute(select(*columns).order_by(*columns)).all()
        if all(len(key) == 1 for key in keys):
            for number, column in enumerate(columns):
                found[f"{parent.fullname}.{column.key}"] = [row[number] for row in known]
        else:
            names = [column.name for column in columns]
            found[parent.fullname] = [dict(zip(names, row, strict=True)) for row in known]
    return found


def answers(connection: Connection, table: Table) -> list[Answer]:
    """Ask the database which values satisfy the checks that are not understood.

    Nothing is written. The SQL of the checks is that of the models.
    """
    questions = questions_of(table)
    if not questions:
        return []
    with _transaction(connection):
        return [answer for asked in questions if (answer := _answer(connection, asked))]


@contextmanager
def _transaction(connection: Connection) -> Iterator[None]:
    """A transaction, which savepoints need; that of the connection unless it is in autocommit."""
    driver: Any = connection.connection.dbapi_connection
    if not driver.autocommit:
        yield
        return
    connection.exec_driver_sql("BEGIN")
    try:
        yield
    finally:
        connection.exec_driver_sql("ROLLBACK")


def _answer(connection: Connection, asked: Question) -> Answer | None:
    """The answer; None if no value is known to satisfy the checks."""

    def ask(candidates: Sequence[tuple[Any, ...]]) -> list[frozenset[str]]:
        return _violated(connection, asked, candidates)

    candidates = asked.candidates
    try:
        with connection.begin_nested():
            answered = list(zip(candidates, ask(candidates), strict=True))
    except DBAPIError as error:
        if state_of(error).startswith(_UNKNOWN_NAME):
            return None
        # The check fails on a value: it may divide by zero. Or on all of them.
        if not ask_in_halves(connection, candidates[:_EVERY], ask)[0]:
            return None
        some = candidates[::_EVERY] if len(candidates) > _FEW else candidates
        answered, _ = ask_in_halves(connection, some, ask)
    satisfying = [candidate for candidate, violated in answered if not violated]
    violating = {
        name: [
            dict(zip(asked.keys, candidate, strict=True))
            for candidate, violated in answered
            if violated == {name}
        ]
        for name in asked.checks
    }
    return Answer(asked.keys, asked.unread, satisfying, violating) if satisfying else None


def _violated(
    connection: Connection, asked: Question, candidates: Sequence[tuple[Any, ...]]
) -> list[frozenset[str]]:
    """The names of the checks that each candidate violates."""
    place = column("conformance number", Integer)
    typed = [column(field.name, field.column.type) for field in asked.fields]
    listed = values(place, *typed, name="conformance values").data(
        [(number, *candidate) for number, candidate in enumerate(candidates)]
    )
    # The type of a column of VALUES follows from the literals alone.
    rows = select(place, *(cast(one, one.type).label(one.name) for one in typed))
    holds: list[Any] = [
        func.coalesce(literal_column(f"({sql})"), literal_column("TRUE")).label(None)
        for sql in asked.checks.values()
    ]
    # A check may name its table.
    named = rows.select_from(listed).subquery(asked.fields[0].column.table.name)
    found = connection.execute(select(*holds).select_from(named).order_by(named.c[0])).all()
    return [
        frozenset(name for name, is_true in zip(asked.checks, row, strict=True) if not is_true)
        for row in found
    ]
