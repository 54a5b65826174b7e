"""`conformance fix` mends several alterations at once: its statements have an order.

Each test draws three alterations of one database; `COMBINATIONS=200` draws more often.
"""

from __future__ import annotations

import os
import random

import pytest

from .cases import Alteration
from .mending import prove
from .test_mending import CASES, NOT_MENDED, unexplained
from .together import altered

DRAWN = [case for case in CASES if isinstance(case.case, Alteration) and case.id not in NOT_MENDED]
SEEDS = range(int(os.environ.get("COMBINATIONS", "6")))


def drawn(seed):
    """Three cases of one database."""
    generator = random.Random(seed)
    make = generator.choice(DRAWN).make
    return generator.sample([case for case in DRAWN if case.make is make], 3)


@pytest.mark.parametrize(
    "seed", [pytest.param(n, marks=[pytest.mark.slow] * (n > 0)) for n in SEEDS]
)
def test_alterations_together(request, seed):
    cases = drawn(seed)
    make = cases[0].make
    database = request.getfixturevalue("bare_database" if make else "database")
    metadata = make(database) if make else None
    # Those that the server knows, and that are possible after each other.
    made = [case.id for case in cases if altered(database, case.case)]
    outcome = prove(database, metadata)
    assert outcome.mended, made
    assert not unexplained(outcome), made
