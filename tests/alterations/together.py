"""Cases of different objects, which are made and compared at once.

A comparison takes as long for one alteration as for five. Each of them has findings of its own, so
what is found of one says nothing of another; and where anything is not as expected, each is tried
alone.
"""

from __future__ import annotations

from contextlib import contextmanager
from itertools import product
from typing import TYPE_CHECKING, TypeVar

import pytest
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .cases import Alteration, Database

Case = TypeVar("Case")


def grouped(
    cases: Iterable[Case], findings: Callable[[Case], Iterable[str]], most: int = 5
) -> list[tuple[Case, ...]]:
    """The cases whose findings are about different objects, in groups.

    Args:
        findings: the ids of the findings of a case; none: it stays alone.
        most: of a group.
    """
    groups: list[tuple[list[Case], set[str]]] = []
    for case in cases:
        objects = {id_.split(":")[1] for id_ in findings(case)}
        for members, theirs in groups:
            fits = objects and theirs and len(members) < most
            if fits and not any(_are_one(*pair) for pair in product(objects, theirs)):
                members.append(case)
                theirs.update(objects)
                break
        else:
            groups.append(([case], objects))
    return [tuple(members) for members, _ in groups]


def _are_one(one: str, other: str) -> bool:
    """Whether one object is the other one or a part of it."""
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")


def altered(database: Database, case: Alteration) -> bool:
    """Make the change, if the server knows it, and it is possible after those made before."""
    savepoint = database.connection.begin_nested()
    try:
        database.alter(case)
    except (pytest.skip.Exception, DBAPIError):
        savepoint.rollback()
        return False
    savepoint.commit()
    return True


@contextmanager
def undone(database: Database) -> Iterator[None]:
    """Roll back to here, also what the tool remembers of the session."""
    with database.connection.begin_nested() as savepoint:
        try:
            yield
        finally:
            savepoint.rollback()
            database.connection.info.clear()


def each_alone(
    database: Database, cases: Iterable[Case], attempt: Callable[[Case], object]
) -> None:
    """One after the other; skip where this server knows none of them."""
    skipped = []
    tried = 0
    for case in cases:
        try:
            with undone(database):
                attempt(case)
            tried += 1
        except pytest.skip.Exception as reason:
            skipped.append(str(reason))
    if not tried:
        pytest.skip("; ".join(skipped))
