"""`conformance fix` mends several alterations at once: its statements have an order.

Each test draws three alterations of one database; `COMBINATIONS=200` draws more often.
"""

from __future__ import annotations

import os
import random

import pytest
from sqlalchemy.exc import DBAPIError

from .cases import Alteration
from .mending import prove
from .test_mending import CASES, NOT_MENDED, belongs

DRAWN = [case for case in CASES if isinstance(case.case, Alteration) and case.id not in NOT_MENDED]
SEEDS = range(int(os.environ.get("COMBINATIONS", "6")))


def drawn(seed):
    """Three cases of one database."""
    generator = random.Random(seed)
    make = generator.choice(DRAWN).make
    return generator.sample([case for case in DRAWN if case.make is make], 3)


def altered(database, cases):
    """Make those changes that the server knows, and that are possible after each other."""
    made = []
    for case in cases:
        savepoint = database.connection.begin_nested()
        try:
            database.alter(case.case)
        except (pytest.skip.Exception, DBAPIError):
            savepoint.rollback()
        else:
            savepoint.commit()
            made.append(case.id)
    return made


@pytest.mark.parametrize(
    "seed", [pytest.param(n, marks=[pytest.mark.slow] * (n > 0)) for n in SEEDS]
)
def test_alterations_together(request, seed):
    cases = drawn(seed)
    make = cases[0].make
    database = request.getfixturevalue("bare_database" if make else "database")
    metadata = make(database) if make else None
    made = altered(database, cases)
    outcome = prove(database, metadata)
    assert outcome.mended, made
    kept = {item.id for item in outcome.plan.kept}
    assert not [text for text in outcome.changed if not belongs(text, kept)], made
