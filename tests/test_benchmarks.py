"""The benchmarks run: each writer writes what it is given, in each case."""

from __future__ import annotations

import pytest

from benchmarks import tables, writing
from benchmarks.writers import BASELINES, FLOOR, OPERATIONS, OURS


@pytest.mark.slow
@pytest.mark.needs("community_edition", "copy")
def test_writers(conformance_engine):
    measured = list(writing.measure(conformance_engine, 40, 1))
    assert {(one.operation, one.case) for one in measured} == {
        (operation, case) for operation in OPERATIONS for case in writing.CASES
    }
    for one in measured:
        assert one.rates.keys() == {OURS, *BASELINES, FLOOR}
        assert one.rows == 40
        assert min(one.rates.values()) > 0
    assert tables.of_writes(measured).row_count == len(measured)


def test_the_plain_insert(conformance_engine):
    rate = writing.plain_insert_rate(conformance_engine, 10, 1)
    assert tables.of_verifying(1000, 2.0, rate).row_count == 1
