"""The benchmarks run: each writer writes what it is given, in each case."""

from __future__ import annotations

from contextlib import closing

import pytest

from benchmarks import aims, auditing, comparing, tables, writing
from benchmarks.verdicts import UNAVOIDABLE
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


def test_writers_without_the_alternatives(conformance_engine):
    with closing(writing.measure(conformance_engine, 10, 1, alternatives=False)) as measured:
        one = next(measured)
    assert one.rates.keys() <= {OURS, FLOOR}
    assert tables.of_writes([one]).row_count == 1


@pytest.mark.needs("community_edition")
def test_comparisons(conformance_engine):
    """Both are shown to be right before they are timed."""
    measured = comparing.measure(conformance_engine, 2, 1)
    assert measured.facts > 200
    assert measured.seconds.keys() > {comparing.CONFORMANCE, comparing.ALEMBIC}
    assert tables.of_comparisons([measured]).row_count == 1


def test_audits(conformance_engine):
    seconds = auditing.measure(conformance_engine, 1)
    # Not which is longer: beside other work either may be.
    assert seconds.keys() == {auditing.CONNECTING, auditing.AUDIT}
    assert min(seconds.values()) > 0
    assert tables.of_audit(seconds).row_count == 2
    assert [aim.limit for aim in aims.of_audit(seconds)] == [0.5]


def test_the_plain_insert(conformance_engine):
    rate = writing.plain_insert_rate(conformance_engine, 10, 1)
    assert tables.of_verifying(1000, 2.0, rate).row_count == 1


def test_aims():
    seconds = dict.fromkeys(aims.MOST_UPGRADES, 2.0) | {UNAVOIDABLE: 1.0}
    met = {aim.name: aim.met for aim in aims.of_processes(seconds)}
    assert met == {
        "structural verdict / upgrade alone": False,
        "gate of one revision / upgrade alone": True,
        "whole check / upgrade alone": True,
    }
    assert list(aims.of_comparisons([])) == []
    assert not aims.Aim("faster", 4.9, 5.0, at_least=True).met
    assert tables.of_aims(list(aims.of_processes(seconds))).row_count == 3
