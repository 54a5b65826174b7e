"""Statements that take rows out of compressed chunks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.gate.evidence.report import Decompressed
from conformance.gate.rules.decompression import judge_decompression

from .cases import statement

PARTLY = Decompressed("t", existed=True, itself=False, chunks=2, compressed=3)
UPDATE = statement(
    4, "UPDATE t SET a = 1", partly_compressed=(PARTLY,), decompression_limit=100_000
)


def said(*statements):
    return list(judge_decompression("0002", statements))


def test_it_is_a_warning_with_the_limit_s_name_and_value():
    (finding,) = said(UPDATE)
    assert (finding.id, finding.statement) == ("decompression:0002:t", 4)
    assert finding.severity == "warning"
    assert "2 of 3 compressed chunks of t" in finding.message
    assert "timescaledb.max_tuples_decompressed_per_dml_transaction is 100000" in finding.message
    assert "100,000 such rows" in finding.message
    assert "one chunk per transaction" in finding.hint


def test_where_the_limit_is_off_it_says_so():
    (finding,) = said(replace(UPDATE, decompression_limit=0))
    assert "timescaledb.max_tuples_decompressed_per_dml_transaction is 0" in finding.message
    assert "fails" not in finding.message


def test_each_table_once():
    other = replace(UPDATE, partly_compressed=(PARTLY, replace(PARTLY, relation="u")))
    assert [item.subject for item in said(UPDATE, other)] == ["t", "u"]


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("INSERT INTO t SELECT 1", False),
        ("COPY t FROM STDIN", False),
        ("INSERT INTO t SELECT 1 ON CONFLICT (a) DO NOTHING", True),
        ("DELETE FROM t", True),
        ("WITH x AS (SELECT 1) UPDATE t SET a = 1", True),
        ("MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE", True),
    ],
)
def test_rows_that_are_new_stay_beside_the_compressed_ones(sql, found):
    assert bool(said(replace(UPDATE, sql=sql))) is found
    # Nor does such a statement hide the next.
    assert [item.statement for item in said(replace(UPDATE, number=3, sql=sql), UPDATE)] == [
        3 if found else 4
    ]


def test_not_of_a_table_that_the_revision_made():
    assert not said(replace(UPDATE, partly_compressed=(replace(PARTLY, existed=False),)))
